// Records a run while the registry's disk is full: `node full-disk.mjs ROOT STAGES`. It ends by itself.
import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { nodeFileSystem, openRegistry } from '@milepost/registry';

const [root, stages] = process.argv.slice(2);
const full = () => {
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
};

const registry = openRegistry({
  root,
  maxPendingBytes: 1000,
  fs: {
    ...nodeFileSystem,
    open: async (path, flags) => (flags === 'wx' ? full() : nodeFileSystem.open(path, flags)),
    sync: { ...nodeFileSystem.sync, writeNew: full },
  },
});
const telemetry = await startTelemetry({ registry });
// What there is before anything is lost.
await telemetry.flush();
await withRun({ pipeline: 'minutes' }, async () => {
  for (let stage = 0; stage < Number(stages); stage += 1) withStage('ocr', () => undefined);
});
await telemetry.flush();
const { lostByReason, pendingRecords } = registry.health();
process.stdout.write(JSON.stringify({ ...lostByReason, pendingRecords }));
