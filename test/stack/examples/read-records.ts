import { type RunDetail, openRegistry } from '@milepost/registry';

/** Every run below a root, with all that is known of it. */
export async function readRecords(root: string): Promise<readonly RunDetail[]> {
  const registry = openRegistry({ root });
  const { runs } = await registry.listRuns();
  const details = await Promise.all(runs.map(({ runId }) => registry.readRun(runId)));
  await registry.close();
  return details.filter((run) => run !== undefined);
}
