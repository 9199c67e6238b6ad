import { expect, test } from 'vitest';
import { beginRun, createJob, withJob } from '@milepost/core';
import { useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();

test('every outcome is counted, however many kinds of jobs there are', async () => {
  const run = beginRun({ pipeline: 'kinds' });
  for (let kind = 0; kind < 1000; kind += 1) {
    const job = createJob({ run, name: `job-${kind}` });
    withJob(job, { queue: 'many', jobId: String(kind) }, () => undefined);
  }
  const exported = await telemetry.sdk.exportedMetrics();
  const jobs = exported.find(({ descriptor }) => descriptor.name === 'pipeline.jobs');
  const values = (jobs?.dataPoints ?? []).map(({ value }) => Number(value));
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(1000);
});
