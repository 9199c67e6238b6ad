import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { codeOf } from './node-error.ts';
import {
  type ProcessStat,
  type WriterIdentity,
  ownIdentity,
  parseProcessStat,
} from './writer-identity.ts';

/** How old the last sign of life of a writer elsewhere may be, in milliseconds. */
const LIMIT_ELSEWHERE_MS = 5 * 60_000;
/** The same of one on this machine, of which the table of processes tells too little. */
const LIMIT_HERE_MS = 60 * 60_000;

/** By what a writer is known to be gone. */
export const GONE_BY_VALUES = [
  'process_gone',
  'process_replaced',
  'machine_restarted',
  'silent',
] as const;
/**
 * By what a writer is known to be gone: its process or thread is not there any more; another process has its ID; its
 * machine was started anew; or it gave no sign of life for long, and lived where nothing better tells.
 */
export type GoneBy = (typeof GONE_BY_VALUES)[number];

/** What is asked of the machine that looks. */
export interface Machine {
  readonly self: WriterIdentity;
  /** In milliseconds since the Unix epoch. */
  now(): number;
  /** When it was started, in milliseconds since the Unix epoch. */
  bootTime(): number;
  /** A thread of a process; undefined where there is none to be seen. */
  threadStat(pid: number, threadId: number): ProcessStat | undefined;
  /** Whether there is a process of that ID, also one that is not to be seen. */
  isRunning(pid: number): boolean;
}

function threadStat(pid: number, threadId: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/task/${threadId}/stat`, 'latin1'));
  } catch {
    // Not there, or hidden: whoever asks finds out by the process.
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    return codeOf(error) !== 'ESRCH';
  }
}

/** The machine that this process runs on, by a clock. */
export function thisMachine(now: () => number): Machine {
  return {
    self: ownIdentity(),
    now,
    bootTime: () => Date.now() - uptime() * 1000,
    threadStat,
    isRunning,
  };
}

function isSameKernel(self: WriterIdentity, writer: WriterIdentity): boolean {
  if (self.bootId !== writer.bootId) return false;
  return self.bootId !== undefined || self.host === writer.host;
}

/** Whether the table of processes here tells of a writer. */
export function isHere({ self }: Machine, writer: WriterIdentity): boolean {
  return isSameKernel(self, writer) && self.pidNamespace === writer.pidNamespace;
}

const ENDED_STATES: ReadonlySet<string> = new Set(['Z', 'X', 'x']);

/** A stopped process is there, however old its last sign of life. */
function byProcessTable(
  machine: Machine,
  { pid, thread }: WriterIdentity,
  silence: number,
): GoneBy | undefined {
  if (!machine.isRunning(pid)) return 'process_gone';
  const bySilence = silence > LIMIT_HERE_MS ? 'silent' : undefined;
  if (thread === undefined) return bySilence;
  const found = machine.threadStat(pid, thread.id);
  if (found !== undefined) {
    if (ENDED_STATES.has(found.state)) return 'process_gone';
    return found.start === thread.start ? undefined : 'process_replaced';
  }
  // A process that may not be looked at tells nothing of its threads.
  return machine.threadStat(pid, pid) === undefined ? bySilence : 'process_gone';
}

/**
 * By what a writer is known to be gone; undefined for one that lives, or that may. On the same machine the table of
 * processes tells; from elsewhere only the last sign of life does.
 * @param lastHeartbeat in milliseconds since the Unix epoch
 */
export function goneBy(
  machine: Machine,
  writer: WriterIdentity,
  lastHeartbeat: number,
): GoneBy | undefined {
  const { self } = machine;
  const silence = machine.now() - lastHeartbeat;
  if (isHere(machine, writer)) return byProcessTable(machine, writer, silence);
  const isOtherBoot = !isSameKernel(self, writer) && self.host === writer.host;
  if (isOtherBoot && lastHeartbeat < machine.bootTime()) {
    // Another machine of that name would have given signs since.
    return 'machine_restarted';
  }
  return silence > LIMIT_ELSEWHERE_MS ? 'silent' : undefined;
}
