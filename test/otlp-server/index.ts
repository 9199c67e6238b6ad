export { type GrpcServer, startGrpcServer } from './grpc-server.ts';
export { type ReceivedLogRecord } from './log-view.ts';
export { type ReceivedMetricPoint } from './metric-view.ts';
export { type PlainValue } from './otlp-json.ts';
export {
  type Answer,
  type OtlpRequest,
  type OtlpServer,
  type OtlpServerOptions,
  type Signal,
  startOtlpServer,
  testCertificate,
} from './otlp-server.ts';
export { type ReceivedSpan, type SpanNode, drawTrees } from './span-view.ts';
