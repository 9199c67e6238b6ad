// `node worker-thread.ts SCENARIO`: runs `process-ends.ts` in a worker thread and says how that ends.
import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const [mode = '', scenario = ''] = process.argv.slice(2);
const worker = new Worker(new URL('process-ends.ts', import.meta.url), { argv: [mode, scenario] });
worker.on('error', (error) => void writeSync(1, `worker error: ${String(error)}\n`));
worker.on('exit', (code) => void writeSync(1, `worker exit: ${code}\n`));
