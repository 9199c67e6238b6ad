import { eachItem, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

// A run of one stage with many items, some of which fail: `node items-once.ts items failed|all [of how many one fails] [length of its stack]`.
const [items = '0', spans, ofHowMany = '100', stackLength = '200'] = process.argv.slice(2);

const telemetry = await startTelemetry({
  serviceName: 'nightly',
  registry: openRegistry({ root: process.env['MILEPOST_ROOT'] ?? 'data' }),
});
await withRun(
  { pipeline: 'minutes', subdomain: 'alameda', itemSpans: spans === 'all' ? 'all' : 'failed' },
  () =>
    withStage('ocr', () =>
      eachItem(Array(Number(items)).keys(), { id: (page) => `page-${page}` }, async (page) => {
        if (page % Number(ofHowMany) > 0) return;
        const stack = `RangeError: no page ${page}\n`.padEnd(Number(stackLength), '.');
        throw Object.assign(new RangeError(`no page ${page}`), { stack });
      }),
    ),
);
await telemetry.flush();
