import { type Classifier, eachItem, joinRun, type Stage, withStage } from '@milepost/core';
import {
  type Problem,
  type Registry,
  type RunFile,
  connectRegistry,
  openRegistry,
} from '@milepost/registry';
import { CliError } from '../cli-error.ts';
import { type Destination } from './destination.ts';
import { type UploadBatch } from './upload-batch.ts';

/** What is recorded, and where. */
export interface RecordedUpload {
  readonly registry: Registry;
  readonly runId: string;
  /** Name of the step. */
  readonly step: string;
  /** Which try this is, from 1 on. */
  readonly attempt: number;
  readonly destination: Destination;
  readonly interrupt: AbortSignal;
  /** How many items are worked on at once. */
  readonly concurrency: number;
  /** All files that are to be in the store, and those of them that are not. */
  readonly wanted: readonly RunFile[];
  readonly due: readonly RunFile[];
  readonly skipped: number;
  readonly images: number;
  /** What could not be read or compared. */
  readonly errors: readonly Problem[];
}

/** Most errors that the record of a sync lists. */
const MAX_ERRORS = 100;

/** Some files of a run could not be synced. */
class FilesLeftError extends Error {
  override readonly name = 'FilesLeftError';
}

/**
 * Uploads files as a step of their run, with the items that they are of. Which files could not be uploaded, the batch knows.
 * @throws the reason for which nothing more goes up
 * @throws {CliError} where the step could not be recorded
 */
export async function recordUpload(upload: RecordedUpload, batch: UploadBatch): Promise<void> {
  const { registry, runId, step, attempt, interrupt: signal } = upload;
  const { root, itemsKey } = registry;
  // One of its own: its journal must be closed before it goes up.
  const recording = openRegistry({ root, itemsKey, onError: 'throw' });
  const disconnect = connectRegistry(recording);
  const options = { attempt, signal, classify: partialWhereFilesAreLeft };
  const [uploaded] = await Promise.allSettled([
    joinRun(runId, { signal }, () =>
      withStage(step, options, (stage) => uploadInStage(upload, batch, stage)),
    ),
  ]);
  disconnect();
  const [closed] = await Promise.allSettled([recording.close()]);
  if (uploaded.status === 'rejected' && !isFilesLeft(uploaded.reason)) throw uploaded.reason;
  if (closed.status === 'rejected') {
    const why = closed.reason instanceof Error ? closed.reason.message : String(closed.reason);
    throw new CliError(`files went up, and the sync could not be recorded: ${why}`, 'left');
  }
}

function isFilesLeft(error: unknown): boolean {
  return error instanceof FilesLeftError;
}

const partialWhereFilesAreLeft: Classifier = (outcome) =>
  'error' in outcome && isFilesLeft(outcome.error) ? { status: 'partial' } : undefined;

async function uploadInStage(
  upload: RecordedUpload,
  batch: UploadBatch,
  stage: Stage,
): Promise<void> {
  const { bucket, prefix, endpoint } = upload.destination;
  stage.set('bucket', bucket);
  if (prefix !== '') stage.set('prefix', prefix);
  if (endpoint !== undefined) stage.set('endpoint_url', endpoint);
  try {
    const dueOfNone = upload.due.filter(({ itemId }) => itemId === undefined);
    await batch.uploadAll(dueOfNone);
    await uploadItems(upload, batch);
  } finally {
    const errors = [...upload.errors, ...batch.errors];
    stage.set('files_uploaded', batch.uploaded.length);
    stage.set('files_skipped', upload.skipped);
    stage.set('images_skipped', upload.images);
    stage.set('files_failed', errors.length);
    stage.set('bytes_uploaded', batch.bytes);
    if (errors.length > 0) stage.setMetadata('errors', errors.slice(0, MAX_ERRORS));
  }
  const left = upload.errors.length + batch.errors.length;
  if (left > 0) throw new FilesLeftError(`${left} files could not be synced`);
}

async function uploadItems(upload: RecordedUpload, batch: UploadBatch): Promise<void> {
  const items = Map.groupBy(
    upload.wanted.filter(({ itemId }) => itemId !== undefined),
    ({ itemId }) => itemId,
  );
  const due = new Set(upload.due);
  const failed = new Map(upload.errors.map(({ path, message }) => [path, message]));
  await eachItem(
    items,
    { id: ([itemId = '']) => itemId, concurrency: upload.concurrency, signal: batch.signal },
    async ([, files]) => {
      const outcomes = await Promise.allSettled(
        files.filter((file) => due.has(file)).map((file) => batch.upload(file)),
      );
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      for (const { path } of files) {
        const message = failed.get(path);
        if (message !== undefined) throw new FilesLeftError(`${path}: ${message}`);
      }
    },
  );
}
