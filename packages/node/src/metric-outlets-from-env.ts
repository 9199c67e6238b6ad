import { diag } from '@opentelemetry/api';
import { getNumberFromEnv, getStringFromEnv, getStringListFromEnv } from '@opentelemetry/core';
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import {
  ConsoleMetricExporter,
  type IMetricReader,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  DeliveryMetricReader,
  type HttpProtocol,
  serializerOf,
  temporalitySelector,
} from '@milepost/delivery';
import { contentTypeOf } from './content-type-of.ts';
import { MetricOutlet } from './metric-outlet.ts';
import { type OtlpDelivery } from './otlp-delivery.ts';
import { positiveNumberFromEnv } from './positive-number-from-env.ts';
import { temporalityPreferenceFromEnv } from './temporality-preference-from-env.ts';

const DEFAULT_INTERVAL_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 30_000;

/** The ways out for metrics that the environment names. */
export interface MetricOutlets {
  /** The one that hands over to the delivery. */
  readonly delivered: DeliveryMetricReader | undefined;
  /** Others that push. */
  readonly outlets: readonly MetricOutlet[];
  /** Those that can be asked to export at once, for what shall be seen while it lasts. */
  readonly prompt: readonly { collectSoon(): void }[];
  /** Those that wait to be asked, such as Prometheus' endpoint. */
  readonly pulled: readonly IMetricReader[];
}

/** The ways out for metrics that `OTEL_METRICS_EXPORTER`, `OTEL_METRIC_EXPORT_*` and `OTEL_EXPORTER_PROMETHEUS_*` name. */
export function metricOutletsFromEnv(otlp: OtlpDelivery): MetricOutlets {
  const names = new Set(getStringListFromEnv('OTEL_METRICS_EXPORTER'));
  if (names.size === 0) names.add('otlp');
  if (names.has('none')) {
    diag.info('OTEL_METRICS_EXPORTER contains "none". No metrics are exported.');
    return { delivered: undefined, outlets: [], prompt: [], pulled: [] };
  }
  let delivered: DeliveryMetricReader | undefined;
  const outlets: MetricOutlet[] = [];
  const prompt: { collectSoon(): void }[] = [];
  const pulled: IMetricReader[] = [];
  for (const name of names) {
    if (name === 'otlp') {
      const intervals = exportIntervalsFromEnv();
      const protocol = otlp.protocolOf('metrics');
      if (protocol === 'grpc') {
        const outlet = new MetricOutlet(
          new GrpcExporter(),
          (exporter) => new PeriodicExportingMetricReader({ exporter, ...intervals }),
        );
        outlets.push(outlet);
        prompt.push(outlet);
      } else {
        delivered = deliveringReader(otlp, protocol, intervals);
        prompt.push(delivered);
      }
    } else if (name === 'console') {
      outlets.push(
        new MetricOutlet(
          new ConsoleMetricExporter(),
          (exporter) => new PeriodicExportingMetricReader({ exporter }),
        ),
      );
    } else if (name === 'prometheus') pulled.push(prometheusReader());
    else {
      diag.warn(
        `Unsupported OTEL_METRICS_EXPORTER value: "${name}". Supported values are: otlp, console, prometheus, none.`,
      );
    }
  }
  return { delivered, outlets, prompt, pulled };
}

function prometheusReader(): PrometheusExporter {
  const host = getStringFromEnv('OTEL_EXPORTER_PROMETHEUS_HOST');
  const port = getNumberFromEnv('OTEL_EXPORTER_PROMETHEUS_PORT');
  return new PrometheusExporter({
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
  });
}

function exportIntervalsFromEnv(): { exportIntervalMillis: number; exportTimeoutMillis: number } {
  const interval = positiveNumberFromEnv('OTEL_METRIC_EXPORT_INTERVAL');
  const timeout = positiveNumberFromEnv('OTEL_METRIC_EXPORT_TIMEOUT');
  const exportIntervalMillis = interval ?? DEFAULT_INTERVAL_MS;
  const exportTimeoutMillis = timeout ?? DEFAULT_TIMEOUT_MS;
  if (exportTimeoutMillis <= exportIntervalMillis) {
    return { exportIntervalMillis, exportTimeoutMillis };
  }
  const message =
    `OTEL_METRIC_EXPORT_TIMEOUT (${exportTimeoutMillis}${timeout === undefined ? ', default' : ''}) is greater than ` +
    `OTEL_METRIC_EXPORT_INTERVAL (${exportIntervalMillis}${interval === undefined ? ', default' : ''}). ` +
    'Clamping timeout to interval value.';
  if (interval !== undefined && timeout !== undefined) diag.warn(message);
  else diag.info(message);
  return { exportIntervalMillis, exportTimeoutMillis: exportIntervalMillis };
}

function deliveringReader(
  otlp: OtlpDelivery,
  protocol: HttpProtocol,
  intervals: ReturnType<typeof exportIntervalsFromEnv>,
): DeliveryMetricReader {
  return new DeliveryMetricReader(otlp.open(), {
    serializer: serializerOf('metrics', protocol),
    contentType: contentTypeOf(protocol),
    exportIntervalMillis: intervals.exportIntervalMillis,
    collectTimeoutMillis: intervals.exportTimeoutMillis,
    aggregationTemporalitySelector: temporalitySelector(temporalityPreferenceFromEnv()),
  });
}
