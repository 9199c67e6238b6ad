import { type RunDetail, openRegistry } from '@milepost/registry';
import { type ExampleRun } from './example-runs.ts';

/**
 * What the registry has of a run.
 * @throws Error where it has nothing
 */
export async function readRecord({
  root,
  runId,
}: Pick<ExampleRun, 'root' | 'runId'>): Promise<RunDetail> {
  const registry = openRegistry({ root });
  const run = await registry.readRun(runId);
  await registry.close();
  if (run === undefined) throw new Error(`${root} has no ${runId}`);
  return run;
}
