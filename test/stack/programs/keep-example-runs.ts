import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { startExampleRuns } from '../examples/start-example-runs.ts';

// Starts the servers and the runs of the examples, writes where they are into a file, and keeps them until it is interrupted.
// Tests take them from there when MILEPOST_TEST_RUNS names that file: `node keep-example-runs.ts runs.json`.
const [file = 'runs.json'] = process.argv.slice(2);

const started = await startExampleRuns();
writeFileSync(file, `${JSON.stringify(started.value, null, 2)}\n`);
process.stdout.write(`${file}\n`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await started.stop();
