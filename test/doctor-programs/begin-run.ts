// Begins a run with the telemetry that its arguments ask for: `registry`, `telemetry`, `own-sdk`, which with `no-traces` has none; `late` begins one before
// it, `idle` begins none, `die` ends by SIGKILL in it.
import { logs, metrics } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

const wishes = new Set(process.argv.slice(2));
const root = process.env['MILEPOST_ROOT'] ?? '';

async function run(): Promise<void> {
  await withRun({ pipeline: 'doctored' }, () =>
    withStage('fetch', async () => {
      if (wishes.has('die')) process.kill(process.pid, 'SIGKILL');
    }),
  );
}

if (wishes.has('late')) await run();
let stop = async (): Promise<unknown> => undefined;
if (wishes.has('telemetry')) {
  const registry = wishes.has('registry') ? openRegistry({ root }) : undefined;
  const telemetry = await startTelemetry(registry === undefined ? {} : { registry });
  stop = () => telemetry.shutdown();
}
if (wishes.has('own-sdk')) {
  const spanProcessors = wishes.has('no-traces')
    ? []
    : [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })];
  const logRecordProcessors = [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })];
  const sdk = new NodeSDK({ spanProcessors, logRecordProcessors, metricReaders: [] });
  sdk.start();
  stop = () => sdk.shutdown();
}
if (!wishes.has('idle')) await run();
// Somebody uses the API.
logs.getLogger('doctored');
metrics.getMeter('doctored');
await stop();
