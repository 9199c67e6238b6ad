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
   * Directory in which telemetry waits that the collector does not take; `false`: nowhere, it waits in memory alone. Over
   * OTLP/HTTP only. Default: what `MILEPOST_SPOOL` says, else `.milepost/spool` in the registry, else `milepost/spool`
   * where the platform keeps the state of programs.
   */
  readonly spool?: string | false;
  /** Bytes in that directory at most, those of other processes included; then the oldest go. Default 256 MiB. */
  readonly maxSpoolBytes?: number;
  /** Bytes of serialised telemetry in memory at most; then the oldest go. Default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /** Milliseconds after which telemetry is set aside instead of sent: servers refuse what is too old. Default 7 days. */
  readonly maxAgeMs?: number;
  /**
   * False leaves SIGTERM, SIGINT and SIGHUP alone: a program that does not listen for them dies of them at once, in the
   * middle of a computation too, and loses what is in memory alone. Default true.
   */
  readonly signals?: boolean;
  /**
   * How long a flush, a shutdown or the end of the program takes at most, in milliseconds. Default 5,000 for a flush, 1,000
   * for a shutdown and the end, which never takes longer than that.
   */
  readonly timeoutMs?: number;
  /**
   * True keeps the line back that says on stderr, at a shutdown or the end of the program, what is lost or waits still.
   * Default false.
   */
  readonly quiet?: boolean;
}
