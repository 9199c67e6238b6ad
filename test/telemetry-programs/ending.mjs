// Ends while a stage runs: `node ending.mjs END [OPTIONS as JSON]`. It says `ready` where it waits for a signal.
import { Worker, isMainThread } from 'node:worker_threads';
import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

const [end, options = '{}'] = process.argv.slice(2);

if (end === 'worker' && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: ['process.exit', options] });
  worker.on('exit', (code) => process.stdout.write(`worker exit ${code}\n`));
} else {
  await startTelemetry(JSON.parse(options));
  if (end === 'own listener') {
    process.on('SIGTERM', () => setTimeout(() => process.exit(0), 5));
  }
  process.on('exit', () => {
    withRun({ pipeline: 'late' }, () => undefined);
  });
  void withRun({ pipeline: 'minutes' }, () =>
    withStage('ocr', async () => {
      if (end === 'process.exit') process.exit(3);
      if (end === 'nothing left') await new Promise(() => undefined);
      setInterval(() => undefined, 1_000_000);
      setImmediate(() => process.stdout.write('ready\n'));
      await new Promise(() => undefined);
    }),
  );
}
