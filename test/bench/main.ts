import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { measure } from './measure.ts';
import { compareSignals } from './same-signals.ts';
import { CountingSdk } from './sdk.ts';
import { handWrittenStages, milepostStages, milepostStagesOfOneRun } from './stage.ts';

// Ratios of main-thread CPU, interleaved rounds, medians: npm run bench [rounds] [stages per round]
const rounds = Number(process.argv[2] ?? 21);
const perRound = Number(process.argv[3] ?? 10_000);
const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];

async function ratio(
  title: string,
  budget: number | undefined,
  run: (count: number) => Promise<void> = milepostStages(STAGES),
): Promise<void> {
  const [byHand, ours] = await measure(
    [
      { name: 'by hand', run: handWrittenStages(STAGES) },
      { name: 'withStage', run },
    ],
    rounds,
    perRound,
  );
  if (byHand === undefined || ours === undefined) throw new Error('nothing was measured');
  const value = ours.microseconds / byHand.microseconds;
  console.log(
    `${title.padEnd(42)} ${value.toFixed(2)} x  (${budget === undefined ? '' : `budget ${budget.toFixed(1)} x; `}` +
      `by hand ${byHand.microseconds.toFixed(2)} us, withStage ${ours.microseconds.toFixed(2)} us)`,
  );
}

await ratio('no SDK registered', 1);

const sdk = new CountingSdk();
sdk.register();
await compareSignals(sdk, STAGES);
await ratio('all three signals, SDK present', 0.8);

const root = await mkdtemp(join(tmpdir(), 'milepost-bench-'));
try {
  const registry = openRegistry({ root });
  connectRegistry(registry);
  const { run, end } = await milepostStagesOfOneRun(STAGES);
  await ratio('the same, and the registry journaling', 1, run);
  await end();
  // What a run costs besides: its files are written anew at its end, with an entry for each execution.
  await ratio(`the same, whole runs of ${perRound} stages`, undefined);
  await registry.close();
} finally {
  await rm(root, { recursive: true });
}
