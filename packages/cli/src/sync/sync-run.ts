import { type Problem, type Registry, type RunFile } from '@milepost/registry';
import { CliError } from '../cli-error.ts';
import { terminalText } from '../terminal-text.ts';
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
  /** Whether runs are named, so that each must have that stage. */
  readonly isNamed: boolean;
  readonly skipImages: boolean;
  /** Only finds out what would go up. */
  readonly dryRun: boolean;
}

const DATA: ReadonlySet<string> = new Set(['result', 'output', 'source']);

/**
 * Syncs one run: first its results, recorded as a step of it, then its record, so that the store has that step too. Where
 * all results are there already from a sync that completed, nothing is recorded.
 * @throws {RegistryError} `run_not_found`
 * @throws {CliError} where a run that is named does not have the stage, or could not be recorded
 * @throws {StoreError} where the store takes nothing; the reason of the interrupt
 */
export async function syncRun(plan: SyncPlan, idOrAlias: string): Promise<RunSync> {
  const { registry, uploads, stage, skipImages } = plan;
  const lacksStage = stage !== undefined && !(await hasStage(plan, idOrAlias, stage));
  const list = await registry.listRunFiles(idOrAlias, stage === undefined ? {} : { stage });
  const { runId, outside } = list;
  const data = lacksStage ? [] : list.files.filter(({ kind }) => DATA.has(kind));
  const isWanted = ({ path, kind }: RunFile): boolean =>
    !skipImages || kind === 'source' || !isImageName(path);
  const wanted = data.filter(isWanted);
  const { due, errors } = await compare(uploads, wanted);
  const common = {
    runId,
    skipped: wanted.length - due.length - errors.length,
    images: data.length - wanted.length,
    outside,
    lacksStage,
  };
  const before = eachOnce([...list.problems, ...errors]);
  if (plan.dryRun) {
    const record = await compare(
      uploads,
      list.files.filter(({ kind }) => !DATA.has(kind)),
    );
    const found = { uploaded: due, bytesUploaded: bytesOf(due), record: record.due };
    return { ...common, ...found, step: undefined, errors: [...before, ...record.errors] };
  }
  const last = await lastSync(plan, runId);
  const isRecorded =
    !lacksStage && (due.length > 0 || before.length > 0 || last?.state !== 'completed');
  const unrecorded: Problem[] = [];
  let batch: UploadBatch | undefined;
  if (isRecorded) {
    batch = new UploadBatch(uploads);
    const attempt = (last?.attempt ?? 0) + 1;
    uploads.progress.expect(due.length, bytesOf(due));
    const { interrupt, slots } = uploads;
    const files = { wanted, due, errors: before };
    const how = { attempt, interrupt, concurrency: slots.count };
    try {
      await recordUpload({ ...plan, ...common, ...files, ...how }, batch);
    } catch (error) {
      // Of all runs, one that cannot be recorded holds up no other.
      if (plan.isNamed || interrupt.aborted || !(error instanceof CliError)) throw error;
      unrecorded.push({ path: runId, message: error.message });
    }
  }
  const record = await uploadRecord(plan, runId);
  return {
    ...common,
    step: isRecorded ? plan.step : undefined,
    uploaded: batch?.uploaded ?? [],
    bytesUploaded: batch?.bytes ?? 0,
    record: record.uploaded,
    errors: eachOnce([...before, ...(batch?.errors ?? []), ...unrecorded, ...record.errors]),
  };
}

/** Problems, one of each file: a result may be listed as an output too. */
function eachOnce(problems: readonly Problem[]): readonly Problem[] {
  return [
    ...new Map(problems.toReversed().map((problem) => [problem.path, problem])).values(),
  ].toReversed();
}

/**
 * Whether a run has a stage, or results of one.
 * @throws {CliError} where it has not, and was named
 */
async function hasStage(
  { registry, isNamed }: SyncPlan,
  idOrAlias: string,
  stage: string,
): Promise<boolean> {
  const run = await registry.readRun(idOrAlias);
  // Whoever lists its files says that there is none.
  if (run === undefined) return true;
  const stages = [
    ...new Set([...run.executions.map((execution) => execution.stage), ...run.pendingStages]),
  ];
  if (stages.includes(stage)) return true;
  const { files } = await registry.listRunFiles(run.runId, { stage });
  if (files.some(({ kind }) => kind === 'result' || kind === 'output')) return true;
  if (!isNamed) return false;
  const others = stages.length === 0 ? 'it has none' : `it has ${stages.join(', ')}`;
  throw new CliError(
    terminalText(`run ${run.runId} has no stage "${stage}": ${others}. Nothing of it was synced.`),
  );
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
