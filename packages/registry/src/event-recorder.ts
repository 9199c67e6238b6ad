import { diag } from '@opentelemetry/api';
import {
  type LifecycleEvent,
  type LifecycleListener,
  type OutputRecordedEvent,
  type Scope,
} from '@milepost/core/hooks';
import { isRunId } from '@milepost/run-id';
import { type LookedAt, MISSING, digestFile, digestNow } from './file-digest.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type WrittenResult } from './results.ts';
import { Turns } from './turns.ts';

/** How many files are hashed at once. */
const MAX_HASHING = 2;

/** Bytes of outputs that are hashed at once: some tens of milliseconds. */
const MAX_BYTES_NOW = 16 * 1024 * 1024;

/** Turns the lifecycle feed into records, off the caller's path. */
export class EventRecorder implements LifecycleListener {
  readonly #environment: RegistryEnvironment;
  readonly #recorders: RecorderPool;
  readonly #hashing = new Turns(MAX_HASHING);
  /** Outputs that are being looked at, by run. */
  readonly #outputs = new Map<string, Set<Promise<void>>>();
  /** Outputs that nobody has looked at yet. */
  readonly #unseen = new Set<OutputRecordedEvent>();
  #closed = false;

  constructor(environment: RegistryEnvironment, recorders: RecorderPool) {
    this.#environment = environment;
    this.#recorders = recorders;
  }

  onEvent(event: LifecycleEvent): void {
    if (this.#closed) {
      this.#recorders.refuse(`${event.type} of run ${event.run.runId}`);
      return;
    }
    const { runId } = event.run;
    if (!this.#recorders.has(runId) && !isRunId(runId)) {
      diag.warn(`milepost: registry: not a run ID, ${event.type} is not recorded`);
      return;
    }
    if (event.type === 'output_recorded') {
      this.#look(event);
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

  /**
   * Resolves when everything told before is on disk, with the files of the runs that ended, or of one run; also when that
   * cannot be, which was reported then. Never rejects.
   */
  async flush(runId?: string): Promise<void> {
    await this.settle(runId);
    await this.#recorders.keep(runId);
  }

  /** Resolves when the outputs told before, or those of one run, are looked at. */
  async settle(runId?: string): Promise<void> {
    const runs = runId === undefined ? [...this.#outputs.keys()] : [runId];
    await Promise.all(runs.flatMap((id) => [...(this.#outputs.get(id) ?? [])]));
  }

  /**
   * Looks at those outputs at once, for a process that is about to exit. Of what would take long there is no checksum.
   * Never throws.
   */
  settleNow(): void {
    let left = MAX_BYTES_NOW;
    for (const event of this.#unseen) {
      this.#unseen.delete(event);
      const found = digestNow(this.#environment.fs, event.path, left);
      if ('sha256' in found) left -= found.size;
      this.#recordOutput(event, found);
    }
  }

  close(): void {
    this.#closed = true;
  }

  /** Whether nothing is recorded any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  #look(event: OutputRecordedEvent): void {
    const { runId } = event.run;
    this.#unseen.add(event);
    const looks = this.#outputs.get(runId) ?? new Set();
    this.#outputs.set(runId, looks);
    const look = this.#hashing
      .take(() => this.#hash(event))
      .finally(() => {
        looks.delete(look);
        if (looks.size === 0) this.#outputs.delete(runId);
      });
    looks.add(look);
  }

  async #hash(event: OutputRecordedEvent): Promise<void> {
    const { path } = event;
    const found = await digestFile(this.#environment.fs, path).catch(() => undefined);
    // Otherwise it was looked at meanwhile.
    if (this.#unseen.delete(event)) this.#recordOutput(event, found ?? MISSING);
  }

  #recordOutput(
    output: Pick<OutputRecordedEvent, 'run' | 'stage' | 'itemId' | 'path' | 'time'>,
    found: LookedAt,
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
