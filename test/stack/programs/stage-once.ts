import { setTimeout as delay } from 'node:timers/promises';
import { withItem, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

// A pipeline that runs a stage once for each of the outcomes and ends, saying of each when it came to it:
// `node stage-once.ts 'completes|loses an item|slow|fails|hangs[,...][,lives]' [expected interval in seconds]`. `lives` lets the process go on.
const [outcomes = '', interval] = process.argv.slice(2);
const expected = interval === undefined ? {} : { expectedIntervalSeconds: Number(interval) };
const HOUR_MS = 3_600_000;
const SLOW_MS = 600;

await startTelemetry({ serviceName: 'nightly' });
for (const outcome of outcomes.split(',')) {
  if (outcome === 'lives') {
    process.stdout.write('lives\n');
    await delay(HOUR_MS);
  }
  await withRun(
    { pipeline: 'minutes', subdomain: process.env['MILEPOST_TEST_SUBDOMAIN'] ?? 'alameda' },
    () =>
      withStage('ocr', expected, async () => {
        if (outcome === 'loses an item') {
          await withItem('page-1', () => Promise.reject(new RangeError('no page'))).catch(() => 0);
          withItem('page-2', () => undefined);
        }
        if (outcome === 'slow') await delay(SLOW_MS);
        process.stdout.write(`${outcome}\n`);
        if (outcome === 'fails') throw new TypeError('not a PDF');
        if (outcome === 'hangs') await delay(HOUR_MS);
      }),
  ).catch(() => {
    process.exitCode = 1;
  });
}
