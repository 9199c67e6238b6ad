import { type Problem, type Registry, type RunFile } from '@milepost/registry';
import { type Destination } from './destination.ts';
import { isImageName } from './image-names.ts';
import { recordUpload } from './record-upload.ts';
import { type RunSync } from './run-sync.ts';
import { UploadBatch, type Uploads, compare } from './upload-batch.ts';

/** What a sync does with each run. */
export interface SyncPlan {
  readonly registry: Registry;
  readonly uploads: Uploads;
  readonly destination: Destination;
  /** The name of the step by which it is recorded. */
  readonly step: string;
  /** Results of that stage alone. */
  readonly stage: string | undefined;
  readonly skipImages: boolean;
  /** Only finds out what would go up. */
  readonly dryRun: boolean;
}

const DATA: ReadonlySet<string> = new Set(['result', 'output', 'source']);

/**
 * Syncs one run: first its results, recorded as a step of it, then its record, so that the store has that step too. Where
 * all results are there already from a sync that completed, nothing is recorded.
 * @throws {RegistryError} `run_not_found`
 * @throws {StoreError} where the store takes nothing; the reason of the interrupt
 */
export async function syncRun(plan: SyncPlan, idOrAlias: string): Promise<RunSync> {
  const { registry, uploads, stage, skipImages } = plan;
  const list = await registry.listRunFiles(idOrAlias, stage === undefined ? {} : { stage });
  const { runId, outside } = list;
  const data = list.files.filter(({ kind }) => DATA.has(kind));
  const isWanted = ({ path, kind }: RunFile): boolean =>
    !skipImages || kind === 'source' || !isImageName(path);
  const wanted = data.filter(isWanted);
  const { due, errors } = await compare(uploads, wanted);
  const common = {
    runId,
    skipped: wanted.length - due.length - errors.length,
    images: data.length - wanted.length,
    outside,
  };
  const before = [...list.problems, ...errors];
  if (plan.dryRun) {
    const record = await compare(
      uploads,
      list.files.filter(({ kind }) => !DATA.has(kind)),
    );
    const found = { uploaded: due, bytesUploaded: bytesOf(due), record: record.due };
    return { ...common, ...found, step: undefined, errors: [...before, ...record.errors] };
  }
  const last = await lastSync(plan, runId);
  const isRecorded = due.length > 0 || before.length > 0 || last?.state !== 'completed';
  let batch: UploadBatch | undefined;
  if (isRecorded) {
    batch = new UploadBatch(uploads);
    const attempt = (last?.attempt ?? 0) + 1;
    uploads.progress.expect(due.length, bytesOf(due));
    const { interrupt, slots } = uploads;
    const files = { wanted, due, errors: before };
    const how = { attempt, interrupt, concurrency: slots.count };
    await recordUpload({ ...plan, ...common, ...files, ...how }, batch);
  }
  const record = await uploadRecord(plan, runId);
  return {
    ...common,
    step: isRecorded ? plan.step : undefined,
    uploaded: batch?.uploaded ?? [],
    bytesUploaded: batch?.bytes ?? 0,
    record: record.uploaded,
    errors: [...before, ...(batch?.errors ?? []), ...record.errors],
  };
}

/** The last sync of a run. Each is one more try of the same: the last one says how it stands. */
async function lastSync(
  { registry, step }: SyncPlan,
  runId: string,
): Promise<{ readonly state: string; readonly attempt: number } | undefined> {
  const run = await registry.readRun(runId);
  const syncs = run?.executions.filter((execution) => execution.stage === step) ?? [];
  return syncs.reduce<(typeof syncs)[number] | undefined>(
    (last, sync) => (last === undefined || sync.attempt >= last.attempt ? sync : last),
    undefined,
  );
}

/** Journal and spokes first, then the hub that tells of them. They change, and who comes last wins: all derive from the journal. */
async function uploadRecord(
  { registry, uploads }: SyncPlan,
  runId: string,
): Promise<{ readonly uploaded: readonly RunFile[]; readonly errors: readonly Problem[] }> {
  // What cannot be listed was told with the results.
  const { files } = await registry.listRunFiles(runId, { recordOnly: true });
  const { due, errors } = await compare(uploads, files);
  const batch = new UploadBatch(uploads);
  uploads.progress.expect(due.length, bytesOf(due));
  await batch.uploadAll(due.filter(({ kind }) => kind !== 'hub'));
  await batch.uploadAll(due.filter(({ kind }) => kind === 'hub'));
  return { uploaded: batch.uploaded, errors: [...errors, ...batch.errors] };
}

/** How many bytes files have. */
export function bytesOf(files: readonly RunFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
