export { type GrpcServer, startGrpcServer } from './grpc-server.ts';
export { type PlainValue } from './otlp-json.ts';
export { type OtlpServer, type Signal, startOtlpServer, testCertificate } from './otlp-server.ts';
export { drawTrees } from './span-view.ts';
