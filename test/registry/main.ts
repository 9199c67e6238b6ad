// Kills processes that record into a registry, at random moments, and counts what that costs.
// npm run test:crash -- [--kills 1000] [--seed 7]
import { parseArgs } from 'node:util';
import { killCampaign } from './kill-campaign.ts';
import { seededRandom } from './seeded-random.ts';

const { values } = parseArgs({
  options: {
    /** In all, half of them of runs with one writer, half of runs with four. */
    kills: { type: 'string', default: '1000' },
    /** Of the moments of the kills. Default: another each time. */
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const kills = Number(values.kills) / 2;
const random = seededRandom(Number(values.seed));
let bad = 0;
process.stdout.write(
  `seed ${values.seed}\n\n| writers | kills | runs | acknowledged | lost | duplicates | unreadable | wrong hubs | looks | bad looks |\n` +
    `|---|---|---|---|---|---|---|---|---|---|\n`,
);
for (const writers of [1, 4]) {
  const report = await killCampaign({ kills, writers, generations: 5, random });
  const { lost, duplicates, unreadable, wrongHubs, badLooks } = report;
  const wrong = [lost, duplicates, unreadable, wrongHubs, badLooks];
  const counts = [writers, report.kills, report.runs, report.acknowledged];
  counts.push(...wrong.slice(0, 4).map(({ length }) => length), report.looks, badLooks.length);
  process.stdout.write(`| ${counts.join(' | ')} |\n`);
  for (const what of wrong.flat().slice(0, 20)) process.stdout.write(`${what}\n`);
  bad += wrong.flat().length;
}
process.exitCode = bad === 0 ? 0 : 1;
