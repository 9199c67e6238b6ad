// Ends in one of seven ways with a stage running, after ten that are over: `node end.ts {contender} {end}`. Stages that
// end are named `work`, the one in which the program ends is `ending`. Before the end it prints the time.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadContender } from './contender.ts';
import { type EndName, STAGES_BEFORE_THE_END } from './ends.ts';

const [name = '', end = ''] = process.argv.slice(2);
/** Longer than anybody waits: the end comes from elsewhere. */
const FOR_EVER_MS = 600_000;

/** At once, whatever comes next. */
function print(text: string): void {
  writeSync(process.stdout.fd, `${text}\n`);
}

function fail(): never {
  throw new Error('the scanner is on fire');
}

function endNow(): void {
  print(`ending ${Date.now()}`);
  switch (end as EndName) {
    case 'process.exit(3)':
      process.exit(3);
    case 'uncaught error':
      fail();
    case 'unhandled rejection':
      void new Promise(() => fail());
      break;
    // It just runs out, or a signal comes from outside.
    case 'natural end':
    case 'await shutdown()':
    case 'SIGTERM':
    case 'SIGINT':
      break;
    default:
      throw new Error(`no such end: ${end}`);
  }
}

const start = await loadContender(name);
const contender = await start();
await contender.inRun(async () => {
  for (let n = 0; n < STAGES_BEFORE_THE_END; n += 1) {
    await contender.stage('work', n, async () => undefined);
  }
  if (end === 'natural end' || end === 'await shutdown()') {
    await contender.stage('ending', STAGES_BEFORE_THE_END, async () => undefined);
  } else {
    await contender.stage('ending', STAGES_BEFORE_THE_END, async () => {
      setTimeout(endNow, 0);
      await sleep(FOR_EVER_MS);
    });
  }
});
endNow();
if (end === 'await shutdown()') await contender.shutdown();
