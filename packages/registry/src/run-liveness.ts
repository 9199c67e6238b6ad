import { join } from 'node:path';
import { segmentFile } from './journal-segment.ts';
import { lostReason, processText } from './lost-reason.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { type RunState } from './run-fold.ts';
import { isBegun } from './run-overview.ts';
import { type RunWriters, type SegmentWriter } from './run-writers.ts';
import { type WriterIdentity, writerText } from './writer-identity.ts';
import { type GoneBy, type Machine, goneBy, thisMachine } from './writer-life.ts';

/** Why a run or an execution counts as lost: what is known of the process that should have ended it. */
export interface LostEvidence {
  readonly host: string;
  /** Names the boot of its machine; undefined where the system tells none. */
  readonly bootId: string | undefined;
  readonly pid: number;
  /** 0 for the main thread. */
  readonly threadId: number;
  /** When the process started, in milliseconds since the Unix epoch. */
  readonly processStart: number;
  /** Its last sign of life, in milliseconds since the Unix epoch. */
  readonly lastHeartbeat: number;
  readonly goneBy: GoneBy;
  /** The same in plain words. */
  readonly reason: string;
}

/** A process that took part in a run and lives, or may. */
export interface LivingWriter {
  /** Which one, in plain words. */
  readonly text: string;
  /** Executions of which it has any record. */
  readonly executions: ReadonlySet<string>;
  /** Tries of jobs of which it has any record, by key. */
  readonly jobTries: ReadonlySet<string>;
}

/** What is lost of a run, as far as it can be told now. A record that arrives later withdraws it. */
export interface RunLiveness {
  /** Of the run itself; undefined where it may still end. */
  readonly lost: LostEvidence | undefined;
  /** Of executions without an end, by ID. */
  readonly lostExecutions: ReadonlyMap<string, LostEvidence>;
  /** Of tries of jobs without an end, by key. Their queue may have them tried again: a run is not lost with them. */
  readonly lostJobTries: ReadonlyMap<string, LostEvidence>;
  /** Who took part in it and is not gone. */
  readonly living: readonly LivingWriter[];
}

/** A process that took part, with all its segments. */
interface Participant {
  readonly segments: SegmentWriter[];
  /** Undefined where it lives, or may. */
  lost: LostEvidence | undefined;
}

function openExecutions(state: RunState): readonly string[] {
  return [...state.executions.values()]
    .filter(({ ended }) => ended === undefined)
    .map(({ executionId }) => executionId);
}

function openJobTries({ jobs }: RunState): readonly string[] {
  return [...jobs].flatMap(([key, { ended }]) => (ended === undefined ? [key] : []));
}

/** What waits for an end from anywhere is not lost with whoever began it. */
function mayBeLost(state: RunState, executionId: string): boolean {
  return state.executions.get(executionId)?.started?.spread !== true;
}

/** The last attempt of a run, where it has no end. */
function openAttempt({ attempts }: RunState): number | undefined {
  const last = Math.max(...attempts.keys());
  const attempt = attempts.get(last);
  return attempt === undefined || attempt.ended !== undefined ? undefined : last;
}

/** Whether anything of a run has no end yet, so that what it shows may change without any file changing. */
export function lacksEnd(state: RunState): boolean {
  return openAttempt(state) !== undefined || openExecutions(state).length > 0;
}

async function lastHeartbeatOf(
  { fs, layout }: RegistryEnvironment,
  runId: string,
  segments: readonly SegmentWriter[],
): Promise<number | undefined> {
  const times: number[] = [];
  for (const { segment } of segments) {
    try {
      times.push((await fs.lstat(join(layout.journal(runId), segmentFile(segment)))).mtimeMs);
    } catch {
      // Taken away since it was read: nothing can be told by it.
      return undefined;
    }
  }
  return Math.max(...times);
}

async function evidenceOf(
  environment: RegistryEnvironment,
  machine: Machine,
  runId: string,
  identity: WriterIdentity,
  segments: readonly SegmentWriter[],
): Promise<LostEvidence | undefined> {
  const lastHeartbeat = await lastHeartbeatOf(environment, runId, segments);
  const how = lastHeartbeat === undefined ? undefined : goneBy(machine, identity, lastHeartbeat);
  if (lastHeartbeat === undefined || how === undefined) return undefined;
  const { host, bootId, pid, threadId, processStart } = identity;
  const reason = lostReason(how, identity, machine.now() - lastHeartbeat);
  return { host, bootId, pid, threadId, processStart, lastHeartbeat, goneBy: how, reason };
}

async function participantsOf(
  environment: RegistryEnvironment,
  machine: Machine,
  runId: string,
  writers: RunWriters,
): Promise<readonly Participant[]> {
  const byProcess = Map.groupBy(writers.all, ({ segment, identity }) =>
    identity === undefined ? segment : writerText(identity),
  );
  const found: Participant[] = [];
  for (const segments of byProcess.values()) {
    const identity = segments[0]?.identity;
    const lost = identity && (await evidenceOf(environment, machine, runId, identity, segments));
    found.push({ segments, lost });
  }
  return found;
}

/** By what each process that took part in a run is known to be gone; undefined for one that lives, or may. */
export async function goneOf(
  environment: RegistryEnvironment,
  runId: string,
  writers: RunWriters,
): Promise<readonly (GoneBy | undefined)[]> {
  const machine = thisMachine(() => environment.clock.now());
  const participants = await participantsOf(environment, machine, runId, writers);
  return participants.map(({ lost }) => lost?.goneBy);
}

/** The evidence where all of them are lost: that of the one who gave the last sign of life. */
function lostAll(participants: readonly Participant[]): LostEvidence | undefined {
  const evidence = participants.flatMap(({ lost }) => lost ?? []);
  if (evidence.length < participants.length) return undefined;
  return evidence.toSorted((a, b) => a.lastHeartbeat - b.lastHeartbeat).at(-1);
}

/**
 * What is lost of a run: an execution without an end, of whose writers none lives; and the run itself, where it has no end and
 * nobody lives who took part in it. It is found out anew at each read, and never written. Whoever cannot be told of counts
 * as living. Undefined where everything has its end.
 */
export async function livenessOf(
  environment: RegistryEnvironment,
  state: RunState,
  writers: RunWriters,
  machine: Machine = thisMachine(() => environment.clock.now()),
): Promise<RunLiveness | undefined> {
  const jobTries = openJobTries(state);
  if (!lacksEnd(state) && jobTries.length === 0) return undefined;
  const participants = await participantsOf(environment, machine, state.runId, writers);
  const lostExecutions = new Map<string, LostEvidence>();
  for (const executionId of openExecutions(state)) {
    if (!mayBeLost(state, executionId)) continue;
    const own = participants.filter(({ segments }) =>
      segments.some(({ executions }) => executions.has(executionId)),
    );
    const lost = lostAll(own);
    if (lost !== undefined) lostExecutions.set(executionId, lost);
  }
  const lostJobTries = new Map<string, LostEvidence>();
  for (const key of jobTries) {
    const own = participants.filter(({ segments }) =>
      segments.some(({ jobTries: tries }) => tries.has(key)),
    );
    const lost = lostAll(own);
    if (lost !== undefined) lostJobTries.set(key, lost);
  }
  const living = participants.flatMap((one) => (one.lost === undefined ? livingWriter(one) : []));
  const lost = lostRun(state, participants, lostExecutions);
  return { lost, lostExecutions, lostJobTries, living };
}

function livingWriter({ segments }: Participant): LivingWriter {
  const identity = segments[0]?.identity;
  const text =
    identity === undefined ? 'a process that tells nothing of itself' : processText(identity);
  return {
    text,
    executions: new Set(segments.flatMap(({ executions }) => [...executions])),
    jobTries: new Set(segments.flatMap(({ jobTries }) => [...jobTries])),
  };
}

function lostRun(
  state: RunState,
  participants: readonly Participant[],
  lostExecutions: ReadonlyMap<string, LostEvidence>,
): LostEvidence | undefined {
  const attempt = openAttempt(state);
  if (attempt !== undefined && isBegun(state.attempts.get(attempt))) return undefined;
  const lost = attempt === undefined ? undefined : lostAll(participants);
  if (attempt === undefined || lost === undefined) return undefined;
  const starter = participants.find(({ segments }) =>
    segments.some(({ attempts }) => attempts.has(attempt)),
  );
  // A run that began elsewhere waits for an end from there, unless something of it was cut short here.
  return starter?.lost ?? (lostExecutions.size > 0 ? lost : undefined);
}
