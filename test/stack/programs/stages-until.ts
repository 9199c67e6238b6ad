import { eachItem, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';

// A run of as many stages as asked for, of five items each; it says when each has ended: `node stages-until.ts stages [pause in ms]`.
const [stages = '1', pauseMs = '0'] = process.argv.slice(2);

await startTelemetry({
  serviceName: 'nightly',
  registry: openRegistry({ root: process.env['MILEPOST_ROOT'] ?? 'data' }),
});
const subdomain = process.env['MILEPOST_TEST_SUBDOMAIN'] ?? 'alameda';
await withRun({ pipeline: 'minutes', subdomain }, async () => {
  for (let index = 0; index < Number(stages); index += 1) {
    await withStage(`stage-${index % 3}`, { attributes: { number: index } }, async () => {
      await eachItem([1, 2, 3, 4, 5], { id: (page) => `page-${page}` }, async (page) => {
        await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
        if (page === 5 && index % 2 === 1) throw new RangeError('no such page');
      });
    });
    process.stdout.write(`${index}\n`);
  }
});
