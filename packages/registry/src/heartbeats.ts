import { type RegistryClock } from './clock.ts';
import { type RegistryFileSystem } from './file-system.ts';
import { mapLimited } from './map-limited.ts';
import { HEARTBEAT_SECONDS } from './writer-identity.ts';

/** What is open of a run here, and where it is recorded. */
interface OpenRun {
  /** The run itself (`''`), and executions. */
  readonly open: Set<string>;
  /** The segment that was begun last. */
  segment: string | undefined;
}

/** What stands for the run itself. */
const RUN = '';

/**
 * Gives signs of life for whoever cannot look into the table of processes: as long as anything of a run is open here, its
 * segment's time of modification is set every ten seconds. Nothing is written, and no timer runs while nothing is open.
 */
export class Heartbeats {
  readonly #fs: RegistryFileSystem;
  readonly #clock: RegistryClock;
  readonly #runs = new Map<string, OpenRun>();
  #callOff: (() => void) | undefined;
  #isBeating = false;
  #stopped = false;

  constructor(fs: RegistryFileSystem, clock: RegistryClock) {
    this.#fs = fs;
    this.#clock = clock;
  }

  /** The run, or an execution of it, began here. */
  began(runId: string, segment: string | undefined, executionId: string = RUN): void {
    const run = this.#runs.get(runId);
    if (run === undefined) this.#runs.set(runId, { open: new Set([executionId]), segment });
    else run.open.add(executionId);
    this.#goOn();
  }

  /** The run, or an execution of it, ended here. */
  ended(runId: string, executionId: string = RUN): void {
    const run = this.#runs.get(runId);
    run?.open.delete(executionId);
    if (run?.open.size !== 0) return;
    this.#runs.delete(runId);
    if (this.#runs.size === 0) this.#rest();
  }

  /** The run is recorded in another segment from now on. */
  moved(runId: string, segment: string): void {
    const run = this.#runs.get(runId);
    if (run !== undefined) run.segment = segment;
  }

  stop(): void {
    this.#stopped = true;
    this.#runs.clear();
    this.#rest();
  }

  #rest(): void {
    this.#callOff?.();
    this.#callOff = undefined;
  }

  #goOn(): void {
    if (this.#stopped || this.#isBeating || this.#runs.size === 0) return;
    this.#callOff ??= this.#clock.after(HEARTBEAT_SECONDS * 1000, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    this.#callOff = undefined;
    this.#isBeating = true;
    const now = this.#clock.now();
    const segments = [...this.#runs.values()].flatMap(({ segment }) => segment ?? []);
    await mapLimited(segments, async (segment) => {
      try {
        await this.#fs.touch(segment, now);
      } catch {
        // Somebody took it away, or the disk fails: the next record will tell.
      }
    });
    this.#isBeating = false;
    this.#goOn();
  }
}
