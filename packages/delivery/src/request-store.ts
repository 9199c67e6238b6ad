import { type LossReason } from '@milepost/semconv';
import { type OtlpRequest } from './otlp-request.ts';
import { type Signal } from './signal.ts';

/** A request that waits on disk. */
export interface StoredRequest {
  readonly signal: Signal;
  readonly sequence: number;
  readonly records: number;
  readonly time: number;
  /** Bytes of its file. */
  readonly bytes: number;
  readonly path: string;
}

/** Why a request is not sent any more, though it is kept. */
export interface SetAside {
  readonly reason: LossReason;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** What the collector or the sender said, one line. */
  readonly message: string;
}

/** What waits on disk of one signal. */
export interface Waiting {
  readonly requests: number;
  readonly records: number;
  readonly bytes: number;
  /** Time of the oldest record, in milliseconds since the Unix epoch; undefined where nothing waits. */
  readonly oldest: number | undefined;
}

/** Where requests wait on disk, for the sender of a process. {@link Spool} is the one that ships. */
export interface RequestStore {
  /**
   * Keeps a request. Resolves when it is on disk and will be found after a crash. A metrics request whose
   * `isSuperseded` is true takes the place of the one before it of this process. Makes room by dropping the oldest,
   * which it counts itself.
   * @throws where the disk does not take it
   */
  append(request: OtlpRequest): Promise<StoredRequest>;
  /**
   * The same at once, for a process that is about to end; not synced to the disk.
   * @throws where the disk does not take it
   */
  appendSync(request: OtlpRequest): void;
  /** The oldest of this process by sequence. */
  firstOwn(signal: Signal): StoredRequest | undefined;
  /** The oldest of those taken over from processes that are gone. */
  firstAdopted(signal: Signal): StoredRequest | undefined;
  /**
   * Undefined where the file is gone, damaged, or of a later version: then the store has counted and forgotten it, but
   * for what another process has by now.
   * @throws where it cannot be read now: it stays where it is, and the store offers the others first
   */
  read(stored: StoredRequest): Promise<OtlpRequest | undefined>;
  /** It was acknowledged, or is kept otherwise by now. Never rejects. */
  remove(stored: StoredRequest): Promise<void>;
  /** The same at once. Never throws. */
  removeSync(stored: StoredRequest): void;
  /**
   * A request of this process was acknowledged: its file goes, also one that is being written. Whoever waits for
   * `append` gets its answer all the same. Never throws.
   */
  forgetSync(signal: Signal, sequence: number): void;
  /** Keeps a request among those that nobody sends any more; the caller counts it. Never rejects. */
  setAside(request: OtlpRequest, why: SetAside): Promise<void>;
  /** Takes over what processes left that are gone. Never rejects. */
  adopt(): Promise<void>;
  /** What waits here: own and taken over. From `releaseSync` on: what was left then, whoever has it by now. */
  waiting(signal: Signal): Waiting;
  /** Lets another process have what is left, at the end of this one. Never throws. */
  releaseSync(): void;
}
