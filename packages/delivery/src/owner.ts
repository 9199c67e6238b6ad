import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { isJsonObject } from './json-object.ts';
import { SpoolError } from './spool-error.ts';

/** Who owns directories of a spool: one thread of one process. */
export interface OwnerIdentity {
  readonly host: string;
  readonly pid: number;
  /** 0 for the main thread. */
  readonly threadId: number;
  /** Linux only: of the running kernel, another after a reboot. */
  readonly bootId?: string;
  /** Linux only: where `pid` means something. */
  readonly pidNamespace?: string;
  /** Linux only: start of the process in clock ticks since boot, which with `pid` names it. */
  readonly processStart?: string;
}

/** State letter and start time of a process, from the text of `/proc/{pid}/stat` (proc_pid_stat(5)). */
export function readProcessStat(stat: string): { readonly state: string; readonly start: string } {
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

function found(read: () => string): string | undefined {
  try {
    return read().trim();
  } catch {
    // Not Linux, or no /proc here.
    return undefined;
  }
}

/** This thread of this process. */
export function ownIdentity(): OwnerIdentity {
  const bootId = found(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const pidNamespace = found(() => readlinkSync('/proc/self/ns/pid'));
  const stat = found(() => readFileSync('/proc/self/stat', 'utf8'));
  return {
    host: hostname(),
    pid: process.pid,
    threadId,
    ...(bootId === undefined ? {} : { bootId }),
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    ...(stat === undefined ? {} : { processStart: readProcessStat(stat).start }),
  };
}

/**
 * Reads an owner file.
 * @throws SpoolError `damaged` where it is none
 */
export function parseOwner(json: string): OwnerIdentity {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new SpoolError('damaged', 'owner: expected JSON', { cause: error });
  }
  if (!isJsonObject(value)) throw new SpoolError('damaged', 'owner: expected an object');
  const { host, pid, threadId, bootId, pidNamespace, processStart } = value;
  if (typeof host !== 'string' || !Number.isSafeInteger(pid) || !Number.isSafeInteger(threadId)) {
    throw new SpoolError('damaged', 'owner: expected host, pid and threadId');
  }
  return {
    host,
    pid: Number(pid),
    threadId: Number(threadId),
    ...(typeof bootId === 'string' ? { bootId } : {}),
    ...(typeof pidNamespace === 'string' ? { pidNamespace } : {}),
    ...(typeof processStart === 'string' ? { processStart } : {}),
  };
}
