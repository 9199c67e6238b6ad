import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

const telemetry = await startTelemetry({
  serviceName: 'consumer',
  registry: openRegistry({ root: 'data' }),
});
await withRun({ pipeline: 'words', runId: 'words_1737072000_abc123' }, async () => {
  const words = withStage('split', () => 'a value comes back as it is'.split(' '));
  await withStage('count', async (stage) => stage.count('words', words.length));
});
await telemetry.shutdown();
