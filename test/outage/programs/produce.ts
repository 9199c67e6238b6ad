// Makes numbered stages in one run, says over IPC what waits, and ends as it is told to, by a shutdown or `process.exit`:
// `node produce.ts {contender} {count} {stages a second, or all for all at once}`
import { once } from 'node:events';
import { type Contender, loadContender } from './contender.ts';
import { makeAtRate } from './make-at-rate.ts';
import { type EndOrder, type ProducerNotice } from './producer-notice.ts';

const LOOK_EVERY_MS = 100;
const [name = '', count = '', perSecond = ''] = process.argv.slice(2);

function say(notice: ProducerNotice): void {
  process.send?.(notice);
}

let peakRssBytes = 0;
function look(contender: Contender): void {
  peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
  say({ kind: 'state', waiting: contender.waiting() ?? null });
}

const told = once(process, 'message');
const start = await loadContender(name);
say({ kind: 'begins' });
const contender = await start();
const looks = setInterval(look, LOOK_EVERY_MS, contender);
const begin = performance.now();
await contender.inRun(async () => {
  const make = (n: number): void => contender.stage('work', n, () => undefined);
  if (perSecond === 'all') for (let n = 0; n < Number(count); n += 1) make(n);
  else await makeAtRate(make, { count: Number(count), perSecond: Number(perSecond) });
});
look(contender);
say({ kind: 'made', seconds: (performance.now() - begin) / 1000 });
const [order] = (await told) as [EndOrder];
clearInterval(looks);
if (order === 'exit') {
  say({ kind: 'ended', report: undefined, peakRssBytes, at: Date.now() });
  process.exit();
}
const at = Date.now();
let report: unknown;
try {
  report = await contender.shutdown();
} catch (error) {
  report = String(error);
}
look(contender);
say({ kind: 'ended', report, peakRssBytes, at });
process.disconnect();
