import { SCOPE_NAME } from '@milepost/semconv';
import { measure } from './measure.ts';
import { CountingSdk } from './sdk.ts';
import { handWrittenStages, milepostStages } from './stage.ts';

// Ratios of main-thread CPU, interleaved rounds, medians: npm run bench [rounds] [stages per round]
const rounds = Number(process.argv[2] ?? 15);
const perRound = Number(process.argv[3] ?? 20_000);
const STAGES = ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'];

async function ratio(title: string, budget: number): Promise<void> {
  const [byHand, ours] = await measure(
    [
      { name: 'by hand', run: handWrittenStages(STAGES) },
      { name: 'withStage', run: milepostStages(STAGES) },
    ],
    rounds,
    perRound,
  );
  if (byHand === undefined || ours === undefined) throw new Error('nothing was measured');
  const value = ours.microseconds / byHand.microseconds;
  console.log(
    `${title.padEnd(44)} ${value.toFixed(2)} x  (budget ${budget.toFixed(1)} x; ` +
      `by hand ${byHand.microseconds.toFixed(2)} us, withStage ${ours.microseconds.toFixed(2)} us)`,
  );
}

await ratio('no SDK registered', 1);
const sdk = new CountingSdk();
sdk.register();
await ratio('all three signals, SDK present', 0.8);
void SCOPE_NAME;
