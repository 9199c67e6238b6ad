// Closes its registry before its last stage: `node closed-registry.mjs ROOT`. Prints what the report says of the registry.
import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

const [root, end] = process.argv.slice(2);
const registry = openRegistry({ root });
const telemetry = await startTelemetry({ registry });
await withRun({ pipeline: 'minutes', runId: 'minutes_1' }, async () => {
  await withStage('fetch', async () => undefined);
  await registry.close();
  await withStage('deploy', async () => undefined);
});
if (end === 'shutdown') process.stdout.write(JSON.stringify((await telemetry.shutdown()).registry));
