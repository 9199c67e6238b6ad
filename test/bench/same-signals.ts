import assert from 'node:assert/strict';
import { SCOPE_NAME } from '@milepost/semconv';
import { type CountingSdk, type MetricSeries } from './sdk.ts';
import { handWrittenStages, milepostStages } from './stage.ts';

const COUNT = 100;

/**
 * Makes sure that both contenders emit as much: the same number of spans and logs, and on each record and series at least the
 * attributes of the one by hand. What emits less is cheaper by cheating.
 */
export async function compareSignals(sdk: CountingSdk, stages: readonly string[]): Promise<void> {
  const byHand = await signalsOf(sdk, handWrittenStages(stages), 'by-hand');
  const ours = await signalsOf(sdk, milepostStages(stages), SCOPE_NAME);
  // Milepost adds the two logs of the run.
  assert.equal(ours.spans, byHand.spans);
  assert.equal(ours.logs, byHand.logs + 2);
  assert.equal(byHand.attributes.size, 3);
  for (const [kind, names] of byHand.attributes)
    assertHasAll(kind, ours.attributes.get(kind), names);
  for (const [name, series] of Object.entries(byHand.metrics)) {
    assert.ok((ours.metrics[name]?.count ?? 0) >= series.count, `fewer series of ${name}`);
    assertHasAll(name, ours.metrics[name]?.attributes, series.attributes);
  }
  console.log(
    `the same signals: ${ours.spans} spans, ${ours.logs} logs, ${Object.keys(ours.metrics).length} metrics ` +
      `(by hand ${byHand.spans}, ${byHand.logs}, ${Object.keys(byHand.metrics).length})`,
  );
}

function assertHasAll(
  what: string,
  given: readonly string[] | undefined,
  expected: readonly string[],
): void {
  const missing = expected.filter((name) => given?.includes(name) !== true);
  assert.deepEqual(missing, [], `withStage leaves out attributes of ${what}`);
}

interface Signals {
  readonly spans: number;
  readonly logs: number;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
  readonly metrics: Readonly<Record<string, MetricSeries>>;
}

async function signalsOf(
  sdk: CountingSdk,
  run: (count: number) => Promise<void>,
  scope: string,
): Promise<Signals> {
  const { spans, logs } = sdk.seen;
  sdk.seen.attributes.clear();
  sdk.keepsAttributes = true;
  await run(COUNT);
  sdk.keepsAttributes = false;
  return {
    spans: sdk.seen.spans - spans,
    logs: sdk.seen.logs - logs,
    attributes: new Map(sdk.seen.attributes),
    metrics: await sdk.metricSeries(scope),
  };
}
