import { type DeliveryReport } from '@milepost/delivery';
import { type FlushReport } from './flush-report.ts';
import { harmlessText } from './harmless-text.ts';
import { type LostRecords } from './registry-loss.ts';

const NOUNS = {
  traces: ['span', 'spans'],
  logs: ['log record', 'log records'],
  metrics: ['metric point', 'metric points'],
  registry: ['record of the registry', 'records of the registry'],
} as const;
const DELIVERED = ['traces', 'logs', 'metrics'] as const;
const ALL = [...DELIVERED, 'registry'] as const;

/** The longest reasons, in characters: the line is for people. */
const MAX_REASON = 200;

const numbers = new Intl.NumberFormat('en-US');

/** What is left at the end of a program. */
export interface Rest {
  /** What the delivery says, of all its time. */
  readonly delivery: DeliveryReport | undefined;
  /** Where records wait. */
  readonly spoolDirectory: string | undefined;
  /** What did not go through the delivery. */
  readonly others: FlushReport;
  /** What the registry lost, of all its time. */
  readonly registry: readonly LostRecords[];
}

/** One line for people on what is lost or waits still; undefined where nothing is and nothing does. */
export function describeRest(rest: Rest): string | undefined {
  const parts = [...lossesOf(rest), ...troublesOf(rest), ...waitingOf(rest)];
  return parts.length === 0 ? undefined : `milepost: ${parts.join('; ')}`;
}

function lossesOf({ delivery, others, registry }: Rest): string[] {
  const byReason = new Map<string, string[]>();
  const add = (reason: string, what: string): void => {
    byReason.set(reason, [...(byReason.get(reason) ?? []), what]);
  };
  for (const signal of DELIVERED) {
    const { lost = {}, spoolError } = delivery?.[signal] ?? {};
    for (const [reason, records] of Object.entries(lost)) {
      // What was left at the end had nowhere to go.
      const why =
        reason === 'unsent' && spoolError !== undefined ? `unsent: ${spoolError}` : reason;
      if (records > 0) add(why, counted(signal, records));
    }
  }
  for (const signal of ALL) {
    const { status, lost, error = status } = others[signal];
    if (lost > 0) add(error, counted(signal, lost));
  }
  for (const { why, records } of registry) add(why, counted('registry', records));
  return Array.from(byReason, ([reason, what]) => `${what.join(', ')} lost (${reason})`);
}

/** What is wrong without a known loss: a registry that cannot write tries again, a flush of the user's own failed. */
function troublesOf({ others, registry }: Rest): string[] {
  return ALL.flatMap((signal) => {
    const { status, lost, error = status } = others[signal];
    const isTold = lost > 0 || (signal === 'registry' && registry.length > 0);
    return status === 'ok' || isTold ? [] : [`${NOUNS[signal][1]}: ${error}`];
  });
}

function waitingOf({ delivery, spoolDirectory }: Rest): string[] {
  if (delivery === undefined) return [];
  const counts = DELIVERED.map((signal): [typeof signal, number] => [
    signal,
    delivery[signal].inMemory + delivery[signal].spooled,
  ]).filter(([, records]) => records > 0);
  if (counts.length === 0) return [];
  const [first] = counts;
  const verb = counts.length === 1 && first?.[1] === 1 ? 'waits' : 'wait';
  const what = counts.map(([signal, records]) => counted(signal, records)).join(', ');
  const why = reasonOf(counts.flatMap(([signal]) => delivery[signal].error ?? []));
  if (spoolDirectory === undefined) return [`${what} ${verb} in memory${why}`];
  const command = `milepost flush --spool ${shellWord(spoolDirectory)}`;
  return [`${what} ${verb} in ${spoolDirectory}${why}`, `\`${command}\` sends them`];
}

/** Why records wait, in brackets, where that is known. */
function reasonOf(errors: readonly string[]): string {
  const reasons = [...new Set(errors)].join('; ');
  return reasons === '' ? '' : ` (${harmlessText(reasons, MAX_REASON)})`;
}

/** A path as it is typed in a shell. */
function shellWord(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

function counted(signal: keyof typeof NOUNS, records: number): string {
  return `${numbers.format(records)} ${NOUNS[signal][records === 1 ? 0 : 1]}`;
}
