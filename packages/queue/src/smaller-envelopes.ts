import { type JobEnvelope } from '@milepost/core';

/**
 * An envelope with less and less in it: without fields, then without declared stages and source too. Where the job belongs,
 * and in whose name, stays.
 */
export function smallerEnvelopes(job: JobEnvelope): readonly JobEnvelope[] {
  const { run, begin, stage } = job;
  const bare: JobEnvelope = {
    ...job,
    ...(run && { run: without(run, 'attributes') }),
    ...(begin && { begin: without(begin, 'attributes') }),
    ...(stage && { stage: without(stage, 'attributes') }),
  };
  const barest: JobEnvelope = {
    ...bare,
    ...(bare.run && { run: without(without(bare.run, 'stages'), 'source') }),
    ...(bare.begin && { begin: without(without(bare.begin, 'stages'), 'source') }),
  };
  return [bare, barest];
}

function without<T extends object, K extends keyof T>(from: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = from;
  return rest;
}
