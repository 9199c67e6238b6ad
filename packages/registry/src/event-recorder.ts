import { diag } from '@opentelemetry/api';
import {
  type LifecycleEvent,
  type LifecycleListener,
  type OutputRecordedEvent,
  type Scope,
} from '@milepost/core/hooks';
import { isRunId } from '@milepost/run-id';
import { type FileDigest, digestFile } from './file-digest.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type WrittenResult } from './results.ts';

/** How many files are hashed at once. */
const MAX_HASHING = 2;

/** Turns the lifecycle feed into records, off the caller's path. */
export class EventRecorder implements LifecycleListener {
  readonly #environment: RegistryEnvironment;
  readonly #recorders: RecorderPool;
  readonly #outputs: OutputRecordedEvent[] = [];
  #hashing: Promise<unknown> | undefined;
  #closed = false;
  #toldClosed = false;

  constructor(environment: RegistryEnvironment, recorders: RecorderPool) {
    this.#environment = environment;
    this.#recorders = recorders;
  }

  onEvent(event: LifecycleEvent): void {
    if (this.#closed) {
      if (!this.#toldClosed) diag.warn(`milepost: registry: closed, ${event.type} is not recorded`);
      this.#toldClosed = true;
      return;
    }
    const { runId } = event.run;
    if (!this.#recorders.has(runId) && !isRunId(runId)) {
      diag.warn(`milepost: registry: not a run ID, ${event.type} is not recorded`);
      return;
    }
    if (event.type === 'output_recorded') {
      this.#outputs.push(event);
      this.#hashing ??= this.#hashAll();
      return;
    }
    this.#recorders.of(runId).tell(event);
  }

  /** Records a result that the registry wrote itself. */
  outputWritten(scope: Scope, itemId: string, written: WrittenResult): void {
    const { run, stage } = scope;
    const { path, size, sha256 } = written;
    const now = this.#environment.clock.now();
    this.#recordOutput({ run, stage, itemId, path, time: now }, { size, sha256 });
  }

  /** Resolves when everything told before is on disk, with the files of the runs that ended. */
  async flush(): Promise<void> {
    await this.settle();
    await this.#recorders.flush('ended');
  }

  /** Resolves when the outputs told before are looked at. */
  async settle(): Promise<void> {
    await this.#hashing;
  }

  close(): void {
    this.#closed = true;
  }

  async #hashAll(): Promise<void> {
    const worker = async (): Promise<void> => {
      for (let event = this.#outputs.shift(); event !== undefined; event = this.#outputs.shift()) {
        await this.#hash(event);
      }
    };
    await Promise.all(Array.from({ length: MAX_HASHING }, worker));
    this.#hashing = undefined;
  }

  async #hash(event: OutputRecordedEvent): Promise<void> {
    const { path } = event;
    const found = await digestFile(this.#environment.fs, path).catch(() => undefined);
    this.#recordOutput(event, found ?? { missing: true });
  }

  #recordOutput(
    output: Pick<OutputRecordedEvent, 'run' | 'stage' | 'itemId' | 'path' | 'time'>,
    found: FileDigest | { readonly missing: true },
  ): void {
    const { run, stage, itemId, path, time } = output;
    const recorder = this.#recorders.of(run.runId);
    recorder.introduce(run, time);
    recorder.record({
      kind: 'output_recorded',
      time: recorder.stamp(time),
      run_attempt: run.attempt,
      ...(stage !== undefined && { stage: stage.name, execution_id: stage.executionId }),
      ...(itemId !== undefined && { item_id: itemId }),
      path: this.#environment.layout.recorded(path),
      ...found,
    });
  }
}
