import { type LossReason } from '@milepost/semconv';
import { type OwnerIdentity } from './owner.ts';
import { type Signal } from './signal.ts';
import { type SpoolFileSystem } from './spool-file-system.ts';

/** Options of {@link openSpool}. */
export interface SpoolOptions {
  /** Made with mode 0700 when something is first kept; expected to be writable by this user alone. */
  readonly directory: string;
  /** Where the requests of each signal go: those of one URL are never sent to another. */
  readonly destinations: Readonly<Partial<Record<Signal, string>>>;
  /** Bound of all that lies in the directory, of all processes, in blocks of 4 KiB. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Told what is dropped (`spool_full`) or not readable any more (`damaged`). */
  readonly onLost: (signal: Signal, reason: LossReason, records: number) => void;
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
