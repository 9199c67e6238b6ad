import { type Finding, finding } from './finding.ts';
import { hubOfRun } from './hub-of-run.ts';
import { checksumsOf } from './index-keys.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { readUpload } from './verify-source.ts';

/** Names of things, the first few. */
function namesText(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

async function uploadOf(
  environment: RegistryEnvironment,
  jobId: string,
): Promise<JsonObject | 'missing' | 'unreadable'> {
  try {
    return (await readUpload(environment, jobId)) ?? 'missing';
  } catch {
    // Told of the upload itself.
    return 'unreadable';
  }
}

/** Looks whether a run tells of its upload what the upload itself does: its items and their checksums. */
export async function verifySourceOfRun(
  environment: RegistryEnvironment,
  run: LoadedRun,
): Promise<readonly Finding[]> {
  const { layout } = environment;
  const { runId } = run;
  const told = (await hubOfRun(environment, run))['source'];
  if (!isJsonObject(told)) return [];
  const { job_id: jobId } = told;
  const checksums = checksumsOf(told);
  if (typeof jobId !== 'string' || checksums.length === 0) return [];
  const upload = await uploadOf(environment, jobId);
  if (upload === 'unreadable') return [];
  const hub = layout.recorded(layout.hub(runId));
  if (upload === 'missing') {
    const message = `its upload ${jobId} is not there any more`;
    return [finding('source_missing', hub, runId, message)];
  }
  const now = new Map(checksumsOf(upload));
  const items = new Set(itemCollectionOf(upload)?.list);
  const changed = checksums.flatMap(([id, sha256]) => (now.get(id) === sha256 ? [] : id));
  const gone = (itemCollectionOf(told)?.list ?? []).filter((id) => !items.has(id));
  return [
    ...(changed.length === 0
      ? []
      : [
          `checksums of its upload ${jobId} are not those that the run was told: ${namesText(changed)}`,
        ]),
    ...(gone.length === 0
      ? []
      : [`items are not in its upload ${jobId} any more: ${namesText(gone)}`]),
  ].map((message) => finding('source_differs', hub, runId, message));
}
