import { errorCode } from './describe-error.ts';
import { type OwnerIdentity, parseOwner, readProcessStat } from './owner.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { isSpoolError } from './spool-error.ts';
import { type Steps } from './steps.ts';

/** What is known of the owner of a directory: `released` where it let go of what is left. */
export type OwnerLife = 'alive' | 'dead' | 'released';

/** An owner as others see it. */
export interface OwnerState {
  readonly life: OwnerLife;
  /** Undefined where it released, or its file is damaged or cannot be read. */
  readonly identity?: OwnerIdentity;
}

/** How old a sign of life may be where nothing better tells, in milliseconds. */
const HEARTBEAT_LIMIT_MS = { elsewhere: 5 * 60_000, here: 60 * 60_000 };
/**
 * How old it may be where only the name of the host says that an owner was on this machine: six missed signs. Containers
 * and machines with one volume may have one name.
 */
export const SAME_NAME_LIMIT_MS = 60_000;
/** An owner file is written in one go: one that cannot be read for so long belongs to nobody. */
const DAMAGED_LIMIT_MS = 60_000;

/** Whether the process of an ID runs, on systems without `/proc`. */
export type IsRunning = (pid: number) => boolean;

/** Asks the system by sending no signal. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    return errorCode(error) !== 'ESRCH';
  }
}

/** Looks after owners with the eyes of one process. */
export interface OwnerWatch {
  readonly disk: SpoolDisk;
  readonly self: OwnerIdentity;
  readonly now: () => number;
  readonly isRunning: IsRunning;
}

/** Whether the owner whose file lies there still lives. What cannot be found out counts as alive. */
export function* ownerState(watch: OwnerWatch, path: string): Steps<OwnerState> {
  const { disk, now } = watch;
  let heartbeatAge: number;
  let text: string;
  try {
    heartbeatAge = now() - (yield* disk.lstat(path)).mtimeMs;
    text = Buffer.from(yield* disk.readFile(path)).toString('utf8');
  } catch (error) {
    return { life: errorCode(error) === 'ENOENT' ? 'released' : 'alive' };
  }
  try {
    const identity = parseOwner(text);
    const lives = yield* isAlive(watch, identity, heartbeatAge);
    return { life: lives ? 'alive' : 'dead', identity };
  } catch (error) {
    if (!isSpoolError(error)) throw error;
    return { life: heartbeatAge > DAMAGED_LIMIT_MS ? 'dead' : 'alive' };
  }
}

function* isAlive(watch: OwnerWatch, owner: OwnerIdentity, heartbeatAge: number): Steps<boolean> {
  const { self } = watch;
  const isSameHost = owner.host === self.host;
  const knowBoots = owner.bootId !== undefined && self.bootId !== undefined;
  if (isSameHost && knowBoots && owner.bootId !== self.bootId) {
    return heartbeatAge <= SAME_NAME_LIMIT_MS;
  }
  const isSameKernel = owner.bootId === self.bootId && (self.bootId !== undefined || isSameHost);
  if (!isSameKernel || owner.pidNamespace !== self.pidNamespace) {
    return heartbeatAge <= HEARTBEAT_LIMIT_MS.elsewhere;
  }
  // A thread ends without a trace in the process table.
  if (owner.threadId !== 0 && heartbeatAge > HEARTBEAT_LIMIT_MS.elsewhere) return false;
  if (owner.processStart === undefined || self.processStart === undefined) {
    if (heartbeatAge <= SAME_NAME_LIMIT_MS && self.bootId === undefined) return true;
    return heartbeatAge <= HEARTBEAT_LIMIT_MS.here && watch.isRunning(owner.pid);
  }
  return yield* isInProcessTable(watch.disk, owner.pid, owner.processStart);
}

/** A stopped process is there, however old its heartbeat; a zombie is gone though its parent did not notice yet. */
function* isInProcessTable(disk: SpoolDisk, pid: number, start: string): Steps<boolean> {
  try {
    const stat = Buffer.from(yield* disk.readFile(`/proc/${pid}/stat`)).toString('latin1');
    const found = readProcessStat(stat);
    return found.start === start && !['Z', 'X', 'x'].includes(found.state);
  } catch (error) {
    const code = errorCode(error);
    return code !== 'ENOENT' && code !== 'ESRCH';
  }
}
