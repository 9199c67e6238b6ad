import { readFileSync } from 'node:fs';
import { type TestProject } from 'vitest/node';
import { type ExampleRuns, exampleRunsSchema } from './example-runs.ts';
import { startExampleRuns } from './start-example-runs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    exampleRuns: ExampleRuns;
  }
}

/**
 * Runs the examples once, for all tests of this directory, which get at them by `inject('exampleRuns')`. With MILEPOST_TEST_RUNS, a
 * file of `programs/keep-example-runs.ts`, it takes the runs from there.
 * @returns ends servers and programs
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { MILEPOST_TEST_RUNS: file } = process.env;
  if (file !== undefined && file !== '') {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
    project.provide('exampleRuns', exampleRunsSchema.parse(kept));
    return undefined;
  }
  const { value, stop } = await startExampleRuns();
  project.provide('exampleRuns', value);
  return stop;
}
