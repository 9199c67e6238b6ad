import {
  type Registry,
  type RepairDecision,
  type RepairPlan,
  type RepairedSpan,
  isRegistryError,
} from '@milepost/registry';
import { type RepairSent } from './repair-send.ts';

/** What a repair is asked to do. */
export interface RepairRequest {
  /** Undefined where nothing is to be written. */
  readonly decision: RepairDecision | undefined;
  readonly status: RepairDecision['status'];
  /** Sends spans; undefined where nothing is to be sent. */
  readonly send: ((spans: readonly RepairedSpan[]) => Promise<RepairSent>) | undefined;
  /** Whether what was sent is sent once more. */
  readonly again: boolean;
}

/** What became of the spans of a run. */
export interface RepairSending {
  readonly outcome: 'nothing' | 'not_sampled' | 'sent_before' | 'delivered' | 'kept' | 'lost';
  /** How many there are to send. */
  readonly spans: number;
  /** Where they went. */
  readonly to: string | undefined;
  /** When they were sent before, in milliseconds since the Unix epoch. */
  readonly at: number | undefined;
  /** What the last failed try said. */
  readonly error: string | undefined;
  /** Whether the logs, unlike the spans, are lost. */
  readonly lacksLogs: boolean;
}

/** What a repair did to a run. */
export interface RepairedRun {
  readonly plan: RepairPlan;
  /** Whether the ends of the plan were written. */
  readonly written: boolean;
  /** Undefined where nothing was asked to be sent. */
  readonly sending: RepairSending | undefined;
}

const NOTHING_SENT: Omit<RepairSending, 'outcome'> = {
  spans: 0,
  to: undefined,
  at: undefined,
  error: undefined,
  lacksLogs: false,
};

async function planOrRepair(
  registry: Registry,
  id: string,
  { decision, status }: RepairRequest,
): Promise<{ readonly plan: RepairPlan; readonly written: boolean }> {
  const options = status === undefined ? {} : { status };
  if (decision === undefined)
    return { plan: await registry.planRepair(id, options), written: false };
  try {
    const plan = await registry.repairRun(id, decision);
    return { plan, written: plan.ends.length > 0 };
  } catch (error) {
    if (!isRegistryError(error) || error.code !== 'run_running') throw error;
    return { plan: await registry.planRepair(id, options), written: false };
  }
}

async function sendRun(
  registry: Registry,
  runId: string,
  { send, again }: RepairRequest,
): Promise<RepairSending | undefined> {
  if (send === undefined) return undefined;
  const { isSampled, spans } = await registry.repairedSpans(runId);
  if (spans.length === 0) return { ...NOTHING_SENT, outcome: 'nothing' };
  if (!isSampled) return { ...NOTHING_SENT, outcome: 'not_sampled' };
  const due = spans.filter(({ sentAt }) => again || sentAt === undefined);
  if (due.length === 0) {
    const at = spans.reduce((last, { sentAt = 0 }) => Math.max(last, sentAt), 0);
    return { ...NOTHING_SENT, outcome: 'sent_before', at };
  }
  const sent = await send(due);
  const outcome = sent.spans === 'delivered' || sent.spans === 'kept' ? sent.spans : 'lost';
  // At worst a crash between the two has them sent twice, with the same IDs: the other way round they would be lost.
  if (outcome !== 'lost') await registry.recordRepairSent(runId, due);
  const lacksLogs = sent.logs === 'lost';
  return {
    ...NOTHING_SENT,
    outcome,
    spans: due.length,
    to: sent.url,
    error: sent.error,
    lacksLogs,
  };
}

/** Repairs a run, or says what a repair would write, and sends its spans, as asked. */
export async function repairOne(
  registry: Registry,
  id: string,
  request: RepairRequest,
): Promise<RepairedRun> {
  const { plan, written } = await planOrRepair(registry, id, request);
  // What lacks its end has no span that could be sent.
  const isOpen = !written && plan.ends.length > 0;
  return {
    plan,
    written,
    sending: isOpen ? undefined : await sendRun(registry, plan.runId, request),
  };
}
