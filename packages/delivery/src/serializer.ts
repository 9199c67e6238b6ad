import {
  type IExportLogsServiceResponse,
  type IExportMetricsServiceResponse,
  type IExportTraceServiceResponse,
  type ISerializer,
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from '@opentelemetry/otlp-transformer';
import { type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type ReadableSpan } from '@opentelemetry/sdk-trace';
import { type Signal } from './signal.ts';

/** How OTLP is sent over HTTP. */
export type HttpProtocol = 'http/json' | 'http/protobuf';

/** The SDK's serialiser of each signal: what it takes, and what an answer says. */
export interface SignalSerializers {
  readonly traces: ISerializer<ReadableSpan[], IExportTraceServiceResponse>;
  readonly logs: ISerializer<ReadableLogRecord[], IExportLogsServiceResponse>;
  readonly metrics: ISerializer<ResourceMetrics, IExportMetricsServiceResponse>;
}

const SERIALIZERS: Readonly<Record<HttpProtocol, SignalSerializers>> = {
  'http/json': {
    traces: JsonTraceSerializer,
    logs: JsonLogsSerializer,
    metrics: JsonMetricsSerializer,
  },
  'http/protobuf': {
    traces: ProtobufTraceSerializer,
    logs: ProtobufLogsSerializer,
    metrics: ProtobufMetricsSerializer,
  },
};

/**
 * The SDK's own serialiser of a signal: makes a request of records, and reads an answer.
 * @returns `serializeRequest(records)` gives bytes; `deserializeResponse(bytes)` gives the answer
 */
export function serializerOf<S extends Signal>(
  signal: S,
  protocol: HttpProtocol,
): SignalSerializers[S] {
  return SERIALIZERS[protocol][signal];
}
