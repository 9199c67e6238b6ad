import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { threadId } from 'node:worker_threads';
import { type RecordOf } from './record-order.ts';

/** How often a writer of an open run gives a sign of life, in seconds: it sets its segment's time of modification. */
export const HEARTBEAT_SECONDS = 10;

/** State letter and start time of a process or thread, from the text of its `stat` (proc_pid_stat(5)). */
export interface ProcessStat {
  readonly state: string;
  /** In clock ticks since boot, as decimal digits. */
  readonly start: string;
}

/** Parses the text of `/proc/{pid}/stat` or `/proc/{pid}/task/{tid}/stat`. */
export function parseProcessStat(stat: string): ProcessStat {
  // The second field is the program's name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: fields[19] ?? '' };
}

/** A thread as the kernel names it: its ID, unique on the machine while it lives, and its start. */
export interface KernelThread {
  readonly id: number;
  /** In clock ticks since boot, as decimal digits. */
  readonly start: string;
}

/** Who writes a segment: one thread of one process. */
export interface WriterIdentity {
  readonly host: string;
  readonly pid: number;
  /** Node's: 0 for the main thread. */
  readonly threadId: number;
  /** When the process started, in milliseconds since the Unix epoch. */
  readonly processStart: number;
  /** Linux only: of the running kernel, another after a reboot. */
  readonly bootId: string | undefined;
  /** Linux only: where `pid` and the thread's ID mean something. */
  readonly pidNamespace: string | undefined;
  /** Linux only. */
  readonly thread: KernelThread | undefined;
}

function found<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Not Linux, or no /proc here.
    return undefined;
  }
}

/** This thread; undefined where `/proc` is not there, or shows another namespace's processes. */
function ownThread(): KernelThread | undefined {
  const [pid, , id] = readlinkSync('/proc/thread-self').split('/');
  if (Number(pid) !== process.pid || !Number.isSafeInteger(Number(id))) return undefined;
  const stat = readFileSync('/proc/thread-self/stat', 'latin1');
  return { id: Number(id), start: parseProcessStat(stat).start };
}

let own: WriterIdentity | undefined;

/** This thread of this process. */
export function ownIdentity(): WriterIdentity {
  own ??= {
    host: hostname(),
    pid: process.pid,
    threadId,
    processStart: Math.round(Date.now() - process.uptime() * 1000),
    bootId: found(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: found(() => readlinkSync('/proc/self/ns/pid')),
    thread: found(ownThread),
  };
  return own;
}

/** Who wrote a file, as it says. */
type ProcessKeys = Pick<
  RecordOf<'segment_opened'>,
  | 'host'
  | 'pid'
  | 'thread_id'
  | 'process_start'
  | 'boot_id'
  | 'pid_namespace'
  | 'os_thread_id'
  | 'os_thread_start'
>;

/** What a file says of who wrote it. */
export function writerKeys({
  host,
  pid,
  threadId: thread,
  processStart,
  bootId,
  pidNamespace,
  thread: kernelThread,
}: WriterIdentity): ProcessKeys {
  return {
    host,
    pid,
    thread_id: thread,
    process_start: processStart,
    ...(bootId !== undefined && { boot_id: bootId }),
    ...(pidNamespace !== undefined && { pid_namespace: pidNamespace }),
    ...(kernelThread !== undefined && {
      os_thread_id: kernelThread.id,
      os_thread_start: kernelThread.start,
    }),
  };
}

/** Who wrote a file, as it says. */
export function writerOfKeys(keys: ProcessKeys): WriterIdentity {
  const { os_thread_id: id, os_thread_start: start } = keys;
  return {
    host: keys.host,
    pid: keys.pid,
    threadId: keys.thread_id,
    processStart: keys.process_start,
    bootId: keys.boot_id,
    pidNamespace: keys.pid_namespace,
    thread: id === undefined || start === undefined ? undefined : { id, start },
  };
}

/** Who a segment's first record says it is; undefined for one that gives no signs of life: a segment of an earlier version. */
export function writerOf(opened: RecordOf<'segment_opened'>): WriterIdentity | undefined {
  return opened.heartbeat_seconds === undefined ? undefined : writerOfKeys(opened);
}

/** The same text for the same thread of the same process. */
export function writerText(writer: WriterIdentity): string {
  const { host, pid, threadId: thread, processStart, bootId, pidNamespace } = writer;
  // Where the kernel names the thread, the process's start as Node reckons it, which may be a little off, is not needed.
  const start = writer.thread?.start ?? processStart;
  return JSON.stringify([host, bootId, pidNamespace, pid, thread, start]);
}
