import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry } from '@milepost/registry';
import { createSdk } from './own-sdk.ts';
import { runPipeline } from './pipeline.ts';

// Run it with a collector at OTEL_EXPORTER_OTLP_ENDPOINT, or without one: the record is on disk in either case.
const RUN_ID = 'alameda_1737072000_abc123';

const root = await mkdtemp(join(tmpdir(), 'milepost-own-sdk-'));
const registry = openRegistry({ root });
const sdk = createSdk(registry, 1);
sdk.start();
try {
  await runPipeline(RUN_ID);
} finally {
  // The SDK rejects where no collector listens.
  await sdk.shutdown().catch((error: unknown) => console.warn('not delivered:', String(error)));
}

const run = await registry.readRun(RUN_ID);
await registry.close();
console.log(`run ${RUN_ID}: ${run?.status}, recorded under ${root}`);
for (const { stage, state, items } of run?.executions ?? []) {
  console.log(
    `  ${stage}: ${state}${items ? `, ${items.failed} of ${items.total} items failed` : ''}`,
  );
}
if (run?.status !== 'partial') process.exitCode = 1;
