import { describeFailure } from './describe-failure.ts';
import { type ExportLedger } from './export-ledger.ts';
import { type SignalReport, NOTHING_LEFT, mergeReports } from './flush-report.ts';
import { settledBy } from './settled-by.ts';

/** Why what is in flight when the time is up counts as lost, or is not known. */
export const NO_ANSWER = 'no answer in time';

const UNKNOWN: SignalReport = { status: 'timeout', waiting: 0, lost: 0, error: NO_ANSWER };

/** Everything that one signal's records go through besides the delivery. */
export interface SignalParts {
  readonly flushables: readonly { forceFlush(): Promise<void> }[];
  readonly ledgers: readonly ExportLedger[];
}

/** One flush of a signal. Several may wait for it, each as long as it likes, and each is told the same losses. */
export class SignalFlush {
  readonly #parts: SignalParts;
  readonly #settled = Promise.withResolvers<void>();
  readonly #errors: string[] = [];
  #hasStarted = false;
  #known: SignalReport = NOTHING_LEFT;

  constructor(parts: SignalParts) {
    this.#parts = parts;
  }

  /** Flushes all parts side by side. Never throws. */
  start(): void {
    this.#hasStarted = true;
    const flushes = this.#parts.flushables.map(async (part) => {
      try {
        await part.forceFlush();
      } catch (error) {
        this.#errors.push(describeFailure(error));
      }
    });
    this.#settled.resolve(Promise.all(flushes).then(() => undefined));
  }

  /**
   * What became of the signal when its flush is over, or when the time is.
   * @param deadline milliseconds since the Unix epoch
   * @param cut ends the wait before it
   */
  async reportBy(deadline: number, cut: Promise<void>): Promise<SignalReport> {
    const inTime = await settledBy(deadline, this.#settled.promise, cut);
    if (!this.#hasStarted) {
      // The losses so far belong to the flush that is under way.
      return this.#parts.flushables.length === 0 ? this.#known : UNKNOWN;
    }
    this.#known = mergeReports(this.#known, reportOf(this.#parts, true, this.#errors.splice(0)));
    return inTime ? this.#known : mergeReports(this.#known, UNKNOWN);
  }
}

/** What is known of a signal now. */
export function reportOf(
  { ledgers }: SignalParts,
  inTime: boolean,
  furtherErrors: readonly string[] = [],
): SignalReport {
  const entries = ledgers.map((ledger) => ledger.takeReport());
  const lost = entries.reduce((sum, entry) => sum + entry.undelivered, 0);
  const errors = new Set([...entries.flatMap(({ error }) => error ?? []), ...furtherErrors]);
  if (inTime && errors.size === 0) return { status: 'ok', waiting: 0, lost };
  if (!inTime) errors.add(NO_ANSWER);
  return {
    status: inTime ? 'failed' : 'timeout',
    waiting: 0,
    lost,
    error: [...errors].join('; '),
  };
}
