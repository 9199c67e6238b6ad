import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRegistry } from '@milepost/registry';
import { createSdk } from './own-sdk.ts';
import { runPipeline } from './pipeline.ts';

// Run it with a collector at OTEL_EXPORTER_OTLP_ENDPOINT, or without one: the record is on disk in either case. It is
// kept where a directory is given: `main.ts [directory]`.
const RUN_ID = 'alameda_1737072000_abc123';

// The exporters read this: by themselves they would look for a collector that is not there for eight seconds.
process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] ??= '750';

const [, , directory] = process.argv;
const root = directory ?? (await mkdtemp(join(tmpdir(), 'milepost-own-sdk-')));
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
if (directory === undefined) await rm(root, { recursive: true });
console.log(`run ${RUN_ID}: ${run?.status}${directory ? `, recorded in ${directory}` : ''}`);
for (const { stage, state, items } of run?.executions ?? []) {
  console.log(
    `  ${stage}: ${state}${items ? `, ${items.failed} of ${items.total} items failed` : ''}`,
  );
}
if (run?.status !== 'partial') process.exitCode = 1;
