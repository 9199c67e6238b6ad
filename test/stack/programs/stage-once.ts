import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

// A pipeline that runs once and ends: `node stage-once.ts completes|fails|hangs [expected interval in seconds]`.
const [outcome, interval] = process.argv.slice(2);
const expected = interval === undefined ? {} : { expectedIntervalSeconds: Number(interval) };

await startTelemetry({ serviceName: 'nightly' });
await withRun({ pipeline: 'minutes', subdomain: 'alameda' }, () =>
  withStage('ocr', expected, async () => {
    if (outcome === 'fails') throw new TypeError('not a PDF');
    if (outcome === 'hangs') {
      process.stdout.write('hangs\n');
      await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    }
  }),
).catch(() => {
  process.exitCode = 1;
});
