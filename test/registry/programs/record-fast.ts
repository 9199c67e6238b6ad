import { once } from 'node:events';
// Records as many items into a run as it is told to, as fast as it can, and says how long that took.
// Arguments: root of the registry, run ID, name of this writer, number of items. Begins at a line on stdin.
// Prints {"journalSeconds", "hubSeconds"}: until all were on disk, until the hub had them too.
import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { joinRun, withItem, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

const ITEMS_PER_TURN = 64;
const STDOUT = 1;

const [root = '', runId = '', writer = '', count = ''] = process.argv.slice(2);
const registry = openRegistry({ root });
connectRegistry(registry);
writeSync(STDOUT, 'ready\n');
await once(process.stdin, 'data');
process.stdin.unref();

const start = performance.now();
const secondsSoFar = (): number => (performance.now() - start) / 1000;
await joinRun(runId, { pipeline: 'fast' }, () =>
  withStage('work', async () => {
    for (let item = 0; item < Number(count); item += 1) {
      withItem(`${writer}-${item}`, () => undefined);
      if (item % ITEMS_PER_TURN === 0) await setImmediate();
    }
    await registry.listener.flush?.(runId);
  }),
);
const journalSeconds = secondsSoFar();
await registry.flush();
writeSync(STDOUT, `${JSON.stringify({ journalSeconds, hubSeconds: secondsSoFar() })}\n`);
await registry.close();
