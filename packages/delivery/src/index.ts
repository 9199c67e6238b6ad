export { type Signal } from './signal.ts';
export { HttpTransport } from './http-transport.ts';
export {
  type OtlpDestination,
  type OtlpDestinationConfig,
  otlpDestination,
} from './otlp-destination.ts';
export { type OtlpRequest } from './otlp-request.ts';
export { type ResolvedDestination } from './resolved-destination.ts';
export { type HttpProtocol, type SignalSerializers, serializerOf } from './serializer.ts';
export { splitRequest } from './split-request.ts';
export { type SendOutcome, type Transport } from './transport.ts';
