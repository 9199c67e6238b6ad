// Campaigns against a collector that misbehaves for real; each prints a table in Markdown.
// npm run test:outage -- [outage | ends | burst | disk | kills ...] [options]
import { parseArgs } from 'node:util';
import { type Behaviour } from './behaviour.ts';
import { burstTable } from './burst-table.ts';
import { diskTable } from './disk-table.ts';
import { endsTable } from './ends-table.ts';
import { killsTable } from './kills-table.ts';
import { outageTable } from './outage-table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Of the outage. */
    seconds: { type: 'string', default: '60' },
    /** Stages a second during the outage. */
    rates: { type: 'string', default: '20,100,500' },
    /** Of the collector during the outage. */
    behaviour: { type: 'string', default: 'refuse' },
    /** How often each program ends so; the times are medians. */
    repeats: { type: 'string', default: '3' },
    /** Stages made at once. */
    bursts: { type: 'string', default: '10000,100000' },
    kills: { type: 'string', default: '200' },
    /** Of the moments of the kills. Default: another each time. */
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});

const OUTAGES: Readonly<Record<string, Behaviour>> = {
  refuse: { kind: 'refuse' },
  hang: { kind: 'hang' },
  busy: { kind: 'status', status: 503 },
};

const CAMPAIGNS: Readonly<Record<string, () => Promise<string>>> = {
  outage: () => {
    const behaviour = OUTAGES[values.behaviour];
    if (behaviour === undefined) throw unknown('--behaviour', OUTAGES);
    return outageTable({
      rates: values.rates.split(',').map(Number),
      behaviour,
      seconds: Number(values.seconds),
    });
  },
  ends: () => endsTable({ repeats: Number(values.repeats) }),
  burst: () => burstTable(values.bursts.split(',').map(Number)),
  disk: () => diskTable({ perSecond: 500, seconds: 30 }),
  kills: () => killsTable({ kills: Number(values.kills), seed: Number(values.seed) }),
};

function unknown(what: string, known: object): Error {
  return new Error(`${what} must be one of ${Object.keys(known).join(', ')}`);
}

for (const name of positionals.length > 0 ? positionals : Object.keys(CAMPAIGNS)) {
  const campaign = CAMPAIGNS[name];
  if (campaign === undefined) throw unknown('a campaign', CAMPAIGNS);
  process.stdout.write(`## ${name}\n\n${await campaign()}\n`);
}
