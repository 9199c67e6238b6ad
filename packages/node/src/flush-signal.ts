import { describeFailure } from './describe-failure.ts';
import { type ExportLedger } from './export-ledger.ts';
import { type SignalReport } from './flush-report.ts';
import { settledBy } from './settled-by.ts';

/** Everything that one signal's records go through. */
export interface SignalParts {
  readonly flushables: readonly { forceFlush(): Promise<void> }[];
  readonly ledgers: readonly ExportLedger[];
}

/**
 * Flushes all parts of a signal side by side. Never rejects.
 * @param deadline milliseconds since the Unix epoch
 */
export async function flushSignal(parts: SignalParts, deadline: number): Promise<SignalReport> {
  const errors: string[] = [];
  const flushes = parts.flushables.map(async (part) => {
    try {
      await part.forceFlush();
    } catch (error) {
      errors.push(describeFailure(error));
    }
  });
  const inTime = await settledBy(deadline, Promise.all(flushes));
  return reportOf(parts, inTime, errors);
}

/** What is known of a signal now. */
export function reportOf(
  { ledgers }: SignalParts,
  inTime: boolean,
  furtherErrors: readonly string[] = [],
): SignalReport {
  const entries = ledgers.map((ledger) => ledger.takeReport());
  const undelivered = entries.reduce((sum, entry) => sum + entry.undelivered, 0);
  const errors = [...entries.flatMap(({ error }) => error ?? []), ...furtherErrors];
  if (inTime && errors.length === 0) return { status: 'ok', undelivered };
  if (!inTime) errors.push('no answer in time');
  return { status: inTime ? 'failed' : 'timeout', undelivered, error: errors.join('; ') };
}

/** The worse of two reports on one signal, with the losses of both. */
export function mergeReports(first: SignalReport, second: SignalReport): SignalReport {
  const statuses = [first.status, second.status];
  const errors = new Set([first.error, second.error].filter((error) => error !== undefined));
  return {
    status:
      statuses.find((status) => status === 'timeout') ??
      statuses.find((status) => status === 'failed') ??
      'ok',
    undelivered: first.undelivered + second.undelivered,
    ...(errors.size > 0 && { error: [...errors].join('; ') }),
  };
}
