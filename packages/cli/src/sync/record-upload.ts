import { eachItem, joinRun, type Stage, withStage } from '@milepost/core';
import {
  type Problem,
  type Registry,
  type RunFile,
  connectRegistry,
  openRegistry,
} from '@milepost/registry';
import { type Destination } from './destination.ts';
import { itemsKeyOf } from './items-key.ts';
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
 */
export async function recordUpload(upload: RecordedUpload, batch: UploadBatch): Promise<void> {
  const { registry, runId, step, attempt, interrupt } = upload;
  const { root } = registry;
  // One for each run: its journal must be closed before it goes up.
  const recording = openRegistry({ root, itemsKey: await itemsKeyOf(root, runId) });
  const disconnect = connectRegistry(recording);
  try {
    await joinRun(runId, { signal: interrupt }, () =>
      withStage(
        step,
        {
          attempt,
          signal: interrupt,
          classify: (outcome) =>
            'error' in outcome && outcome.error instanceof FilesLeftError
              ? { status: 'partial' }
              : undefined,
        },
        (stage) => uploadInStage(upload, batch, stage),
      ),
    );
  } catch (error) {
    if (!(error instanceof FilesLeftError)) throw error;
  } finally {
    disconnect();
    await recording.close();
  }
}

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
