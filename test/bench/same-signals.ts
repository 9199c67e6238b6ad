import assert from 'node:assert/strict';
import { SCOPE_NAME } from '@milepost/semconv';
import { type CountingSdk } from './sdk.ts';
import { handWrittenStages, milepostStages } from './stage.ts';

const COUNT = 100;

/** Makes sure that both contenders emit as much: what emits less is cheaper by cheating. */
export async function compareSignals(sdk: CountingSdk, stages: readonly string[]): Promise<void> {
  const byHand = await signalsOf(sdk, handWrittenStages(stages), 'by-hand');
  const ours = await signalsOf(sdk, milepostStages(stages), SCOPE_NAME);
  console.log(`by hand    ${JSON.stringify(byHand)}`);
  console.log(`withStage  ${JSON.stringify(ours)}`);
  // Milepost adds the two logs of the run.
  assert.equal(ours.spans, byHand.spans);
  assert.equal(ours.logs, byHand.logs + 2);
  for (const [name, series] of Object.entries(byHand.metrics)) {
    assert.ok((ours.metrics[name] ?? 0) >= series, `withStage emits fewer series of ${name}`);
  }
}

interface Signals {
  readonly spans: number;
  readonly logs: number;
  readonly metrics: Readonly<Record<string, number>>;
}

async function signalsOf(
  sdk: CountingSdk,
  run: (count: number) => Promise<void>,
  scope: string,
): Promise<Signals> {
  const before = { ...sdk.seen };
  await run(COUNT);
  return {
    spans: sdk.seen.spans - before.spans,
    logs: sdk.seen.logs - before.logs,
    metrics: await sdk.metricSeries(scope),
  };
}
