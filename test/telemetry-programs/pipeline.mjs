// A pipeline with a failing item, a log line and a failing stage. It starts no telemetry itself unless it is told to:
// `node pipeline.mjs [none | start | start-and-shutdown] [timeoutMs]`.
import { eachItem, log, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

const [mode = 'none', timeoutMs] = process.argv.slice(2);
const telemetry =
  mode === 'none'
    ? undefined
    : await startTelemetry(timeoutMs === undefined ? {} : { timeoutMs: Number(timeoutMs) });

await withRun(
  { pipeline: 'minutes', subdomain: 'alameda', runId: 'alameda_1737072000_abc123' },
  async () => {
    await withStage('fetch', async (stage) => {
      stage.count('total_pdfs', 2);
      log.info('found\u001b[31m it', { site: 'a b', pages: 3 });
    });
    await withStage('ocr', () =>
      eachItem(['a.pdf', 'b.pdf'], { id: (pdf) => pdf }, (pdf) => {
        if (pdf === 'b.pdf') throw new TypeError('not a PDF\nat all');
      }),
    );
  },
);
process.stdout.write('the output of the program\n');

if (mode === 'start-and-shutdown') {
  process.stdout.write(`${JSON.stringify(await telemetry.shutdown())}\n`);
}
