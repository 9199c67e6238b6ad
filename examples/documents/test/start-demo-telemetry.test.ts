import { expect, test, vi } from 'vitest';
import { startDemoTelemetry } from '../src/start-demo-telemetry.ts';

const SIGNALS = ['TRACES', 'LOGS', 'METRICS'];

test.for<{
  readonly env: Readonly<Record<string, string>>;
  readonly endpoint: string | undefined;
  readonly exporters: readonly (string | undefined)[];
}>([
  { env: {}, endpoint: undefined, exporters: ['none', 'none', 'none'] },
  {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    endpoint: 'http://127.0.0.1:1',
    exporters: [undefined, undefined, undefined],
  },
  {
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: '',
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:1/v1/logs',
    },
    endpoint: 'http://127.0.0.1:1/v1/logs',
    exporters: ['none', undefined, 'none'],
  },
  {
    env: { OTEL_METRICS_EXPORTER: 'console' },
    endpoint: undefined,
    exporters: ['none', 'none', 'console'],
  },
])('$env sends to $endpoint', async ({ env, endpoint, exporters }) => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', undefined);
  for (const signal of SIGNALS) {
    vi.stubEnv(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, undefined);
    vi.stubEnv(`OTEL_${signal}_EXPORTER`, undefined);
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    const demo = await startDemoTelemetry({ serviceName: 'documents' });
    expect(demo.endpoint).toBe(endpoint);
    expect(SIGNALS.map((signal) => process.env[`OTEL_${signal}_EXPORTER`])).toEqual(exporters);
    await demo.telemetry.shutdown();
  } finally {
    vi.unstubAllEnvs();
  }
});
