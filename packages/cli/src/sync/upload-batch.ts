import { type Problem, type RunFile } from '@milepost/registry';
import { type Slots } from './slots.ts';
import { StoreError } from './store-error.ts';
import { type SyncProgress } from './sync-progress.ts';
import { type Transfer, isStored, uploadFile } from './upload-file.ts';

/** What all uploads of a command share. */
export interface Uploads {
  readonly transfer: Transfer;
  readonly slots: Slots;
  readonly progress: SyncProgress;
  /** Aborts when the user wants the process to end. */
  readonly interrupt: AbortSignal;
}

/** A file that cannot be synced, by name. */
function problemOf(file: { readonly path: string }, error: unknown): Problem {
  return { path: file.path, message: error instanceof Error ? error.message : String(error) };
}

/** What was found out about files. */
export interface Compared {
  /** What is missing in the store, or different. */
  readonly due: readonly RunFile[];
  readonly errors: readonly Problem[];
}

/**
 * Asks the store which files it does not have as they are.
 * @throws {StoreError} where it cannot be asked at all
 */
export async function compare(
  { transfer, slots, progress, interrupt }: Uploads,
  files: readonly RunFile[],
): Promise<Compared> {
  const stop = new AbortController();
  const signal = AbortSignal.any([interrupt, stop.signal]);
  const errors: Problem[] = [];
  let compared = 0;
  const due = await Promise.all(
    files.map((file) =>
      slots.take(async () => {
        try {
          return (await isStored(transfer, file, signal)) ? [] : [file];
        } catch (error) {
          if (!isAboutStore(error) && !signal.aborted) errors.push(problemOf(file, error));
          else stop.abort(error);
          return [];
        } finally {
          compared += 1;
          progress.compared(compared, files.length);
        }
      }),
    ),
  );
  signal.throwIfAborted();
  return { due: due.flat(), errors };
}

/** Uploads of one batch: where one shows that the store takes nothing, the others stop. */
export class UploadBatch {
  readonly #uploads: Uploads;
  readonly #stop = new AbortController();
  readonly #uploaded: RunFile[] = [];
  readonly #errors: Problem[] = [];
  #bytes = 0;
  /** Aborts with the reason for which nothing more goes up. */
  readonly signal: AbortSignal;

  constructor(uploads: Uploads) {
    this.#uploads = uploads;
    this.signal = AbortSignal.any([uploads.interrupt, this.#stop.signal]);
  }

  get uploaded(): readonly RunFile[] {
    return this.#uploaded;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get errors(): readonly Problem[] {
    return this.#errors;
  }

  /** Uploads one file when it is its turn. Rejects where that was not possible, which is noted. */
  upload(file: RunFile): Promise<void> {
    const { transfer, slots, progress } = this.#uploads;
    return slots.take(async () => {
      this.signal.throwIfAborted();
      try {
        const bytes = await uploadFile(transfer, file, this.signal, (more) => progress.sent(more));
        this.#uploaded.push(file);
        this.#bytes += bytes;
        progress.finished();
      } catch (error) {
        if (isAboutStore(error)) this.#stop.abort(error);
        else if (!this.signal.aborted) this.#errors.push(problemOf(file, error));
        throw error;
      }
    });
  }

  /**
   * Uploads files; what cannot be uploaded holds up nothing else.
   * @throws the reason for which nothing more goes up
   */
  async uploadAll(files: readonly RunFile[]): Promise<void> {
    await Promise.allSettled(files.map((file) => this.upload(file)));
    this.signal.throwIfAborted();
  }
}

function isAboutStore(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'store';
}
