import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

// Its one stage is expected again very soon: `node seldom.ts pipeline interval-in-seconds completes|fails [subdomain]`.
const [pipeline = 'digest', interval = '2', outcome = 'completes', subdomain] =
  process.argv.slice(2);

await startTelemetry({
  serviceName: 'seldom',
  registry: openRegistry({ root: process.env['MILEPOST_ROOT'] ?? 'data' }),
});
await withRun({ pipeline, ...(subdomain !== undefined && { subdomain }) }, () =>
  withStage('report', { expectedIntervalSeconds: Number(interval) }, async () => {
    if (outcome === 'fails') throw new RangeError('no such month');
  }),
).catch(() => {
  process.exitCode = 1;
});
