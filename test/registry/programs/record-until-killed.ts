import { once } from 'node:events';
// Records items into a run without end and says on stdout which are acknowledged: one line with the IDs for each flush that
// resolved. Waits for a line on stdin before it begins.
// Arguments: root of the registry, run ID, name of this writer.
import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { joinRun, withItem, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

const ITEMS_PER_FLUSH = 5;
const FLUSHES_PER_STAGE = 3;
const STDOUT = 1;

const [root = '', runId = '', writer = ''] = process.argv.slice(2);
const registry = openRegistry({ root });
connectRegistry(registry);
flushCompileCache();
writeSync(STDOUT, 'ready\n');
await once(process.stdin, 'data');

let made = 0;

async function recordSome(): Promise<void> {
  const items = Array.from({ length: ITEMS_PER_FLUSH }, () => {
    made += 1;
    return `${writer}-${made}`;
  });
  for (const item of items) withItem(item, () => undefined);
  await registry.flush();
  writeSync(STDOUT, `${items.join(' ')}\n`);
}

await joinRun(runId, { pipeline: 'kills' }, async () => {
  for (;;) {
    await withStage(`stage-${made % 3}`, async () => {
      for (let flush = 0; flush < FLUSHES_PER_STAGE; flush += 1) await recordSome();
    });
  }
});
