import { type Attributes } from '@opentelemetry/api';
import { type ResourceDetector } from '@opentelemetry/resources';
import { type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { type IMetricReader, type ViewOptions } from '@opentelemetry/sdk-metrics';
import { type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { type Sampler, type SpanLimits, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { type Registry } from '@milepost/registry';
import { type ConsoleFormat } from './console-log-record-processor.ts';
import { type ResourceDetectorName } from './resource.ts';

/** What `startTelemetry` takes. What is not given is read from the `OTEL_*` variables of the environment. */
export interface TelemetryOptions {
  /** `service.name` of the resource. Default: `OTEL_SERVICE_NAME`, else `unknown_service:node`. */
  readonly serviceName?: string;
  /** Further attributes of the resource; they win over those of the environment. Default none. */
  readonly resourceAttributes?: Attributes;
  /**
   * Detectors of the resource. Default: what `OTEL_NODE_RESOURCE_DETECTORS` names, else host name, process ID and
   * `OTEL_RESOURCE_ATTRIBUTES`. `process` and `host` add command line, owner and host ID, to every log line too.
   */
  readonly resourceDetectors?: readonly (ResourceDetectorName | ResourceDetector)[];
  /** Where runs are recorded on disk. It stays open at a shutdown: it belongs to who opened it. Default: nowhere. */
  readonly registry?: Registry;
  /** Decides which runs, and which spans outside runs, are exported. Default: what `OTEL_TRACES_SAMPLER` names. */
  readonly sampler?: Sampler;
  /** Limits of spans; they win over those of the environment. Default none. */
  readonly spanLimits?: SpanLimits;
  /** Instrumentations of libraries, as `NodeSDK` takes them. Default none. */
  readonly instrumentations?: NodeSDKConfiguration['instrumentations'];
  /** Further processors of spans, after Milepost's and before the exporters. Default none. */
  readonly spanProcessors?: readonly SpanProcessor[];
  /** Further processors of log records, after Milepost's and before the exporters. Default none. */
  readonly logRecordProcessors?: readonly LogRecordProcessor[];
  /** Further readers of metrics. Default none. */
  readonly metricReaders?: readonly IMetricReader[];
  /** Further views of metrics. Default none. */
  readonly views?: readonly ViewOptions[];
  /** Attributes that Milepost's metrics keep besides their own. Each value makes another series. Default none. */
  readonly metricAttributes?: readonly string[];
  /** Prints milestones and `log` lines on stderr. Default: what `MILEPOST_CONSOLE` says, else `off`. */
  readonly console?: ConsoleFormat | 'off';
  /**
   * How long a flush or a shutdown takes at most, in milliseconds. Default 5,000, and 1,000 for the flush at the natural
   * end of a program.
   */
  readonly timeoutMs?: number;
  /** True keeps the line back that says on stderr, at a shutdown or the end of the program, what was lost. Default false. */
  readonly quiet?: boolean;
}
