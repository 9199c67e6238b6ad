import { type LossReason } from '@milepost/semconv';
import { type OwnerIdentity } from './owner.ts';
import { type Signal } from './signal.ts';
import { type SpoolFileSystem } from './spool-file-system.ts';

/** Options of {@link openSpool}. */
export interface SpoolOptions {
  /** Made with mode 0700 when something is first kept; refused where every user may write to it. */
  readonly directory: string;
  /** Where the requests of each signal go: those of one URL are never sent to another. */
  readonly destinations: Readonly<Partial<Record<Signal, string>>>;
  /** Bound of all that lies in the directory, of all processes, in blocks of 4 KiB. At least 68 KiB. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Told what is dropped (`spool_full`), is not what was written (`damaged`), or was deleted by somebody (`deleted`). */
  readonly onLost: (signal: Signal, reason: LossReason, records: number) => void;
  /**
   * Told which requests of this process are not found here any more though nobody removed them: counted by `onLost`, or
   * taken over by another process, which took this one for dead, and `kept` there. Told nothing of what was taken over.
   */
  readonly onForgotten?: (signal: Signal, sequence: number, fate: 'lost' | 'kept') => void;
  /** Milliseconds since the Unix epoch. Default: the system's clock. */
  readonly now?: () => number;
  /** Default: Node's. */
  readonly fs?: SpoolFileSystem;
  /** Default: this thread of this process. */
  readonly identity?: OwnerIdentity;
  /** User that the directory is expected to belong to; undefined where the system has none. Default: that of the process. */
  readonly uid?: number | undefined;
  /** How often the sign of life is renewed. Default 10 s. */
  readonly heartbeatMs?: number;
  /** How often at most the bytes of the other processes are looked at. Default 10 s. */
  readonly rescanMs?: number;
  /** How to know, where there is no `/proc`, that a process runs. Default: asks the system. */
  readonly isRunning?: (pid: number) => boolean;
}
