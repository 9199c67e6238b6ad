import { type MetricData } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createJob, withItem, withJob, withRun, withStage } from '@milepost/core';
import { InMemorySdk, unregister } from './telemetry-harness.ts';

// An SDK keeps 2,000 series of an instrument, and loses what an observed counter says beyond them.
const MAX_SERIES = 2000;
const KINDS = 2100;
const NOISY = { stages: 30, names: 75 };

/** All instruments, each for more pipelines, stages and jobs than an SDK has series for, and each time once. */
function workOfManyKinds(): void {
  for (let kind = 0; kind < KINDS; kind += 1) {
    withRun({ pipeline: `pipeline-${kind}` }, () => {
      withStage(`stage-${kind}`, { expectedIntervalSeconds: 1 }, (stage) => {
        stage.count('pages');
        withItem('item', () => undefined);
        withJob(createJob({ name: `job-${kind}` }), { queue: 'many', jobId: '1' }, () => undefined);
      });
      failing(`stage-${kind}`, 'Error');
    });
  }
}

/** Few stages with more kinds of errors, and more counts, than an SDK has series for. */
function workOfNoisyStages(): void {
  for (let stage = 0; stage < NOISY.stages; stage += 1) {
    withRun({ pipeline: 'noisy' }, () => {
      for (let name = 0; name < NOISY.names; name += 1) failing(`noisy-${stage}`, `Error${name}`);
      withStage(`noisy-${stage}`, ({ count }) => {
        for (let name = 0; name < NOISY.names; name += 1) count(`pages-${name}`);
      });
    });
  }
}

function failing(stage: string, errorName: string): void {
  try {
    withStage(stage, () => {
      throw Object.assign(new Error('no'), { name: errorName });
    });
  } catch {
    // Its own.
  }
}

describe('of more kinds of work than an SDK has series for', () => {
  let exported: readonly MetricData[];
  beforeAll(async () => {
    const sdk = new InMemorySdk();
    workOfNoisyStages();
    workOfManyKinds();
    exported = await sdk.exportedMetrics();
  });
  afterAll(unregister);

  const named = NOISY.stages * NOISY.names;
  const runs = KINDS + NOISY.stages;
  const stages = 2 * KINDS + named + NOISY.stages;
  test.for([
    ['pipeline.runs', runs],
    ['pipeline.run.duration', runs],
    ['pipeline.stage.runs', stages],
    ['pipeline.stage.duration', stages],
    ['pipeline.stage.items', KINDS],
    ['pipeline.stage.errors', KINDS + named],
    ['pipeline.stage.volume', KINDS + named],
    ['pipeline.jobs', KINDS],
    ['pipeline.job.attempts', KINDS],
    ['pipeline.job.duration', KINDS],
    ['pipeline.job.wait', KINDS],
  ] as const)('%s loses none', ([name, expected]) => {
    const points = exported.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    const counts = points.map(({ value }) => (typeof value === 'number' ? value : value.count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(expected);
    expect(points.some(({ attributes }) => attributes['otel.metric.overflow'] === true)).toBe(true);
  });

  test('each instrument has as many series as fit', () => {
    const sizes = exported.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.length,
    ]);
    expect(sizes.length).toBeGreaterThan(15);
    expect(sizes.filter(([, size]) => Number(size) >= MAX_SERIES)).toEqual([]);
  });
});
