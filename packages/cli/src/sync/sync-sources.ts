import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunFile } from '@milepost/registry';
import { type RunSync } from './run-sync.ts';
import { type SyncPlan, bytesOf } from './sync-run.ts';
import { UploadBatch, compare } from './upload-batch.ts';

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    // Whoever reads it will say why not.
    return 0;
  }
}

/**
 * Syncs the records of all uploads, whether or not a run names them.
 * @throws {StoreError} where the store takes nothing; the reason of the interrupt
 */
export async function syncSources({ registry, uploads, dryRun }: SyncPlan): Promise<RunSync> {
  const { sources, problems } = await registry.listSources();
  const files: RunFile[] = [];
  for (const { jobId } of sources) {
    const path = `sources/job_metadata/${jobId}.json`;
    files.push({ path, size: await sizeOf(join(registry.root, path)), kind: 'source' });
  }
  const { due, errors } = await compare(uploads, files);
  const batch = new UploadBatch(uploads);
  if (!dryRun) {
    uploads.progress.expect(due.length, bytesOf(due));
    await batch.uploadAll(due);
  }
  return {
    runId: undefined,
    step: undefined,
    uploaded: dryRun ? due : batch.uploaded,
    bytesUploaded: dryRun ? bytesOf(due) : batch.bytes,
    skipped: files.length - due.length - errors.length,
    images: 0,
    record: [],
    outside: [],
    lacksStage: false,
    errors: [...problems, ...errors, ...batch.errors],
  };
}
