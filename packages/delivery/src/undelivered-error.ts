import { type SignalDelivery } from './delivery.ts';
import { type Signal } from './signal.ts';

/** What a flush left of what it was to send. */
export interface Undelivered {
  /** Records that wait to be sent. */
  readonly waiting: number;
  /** Records that are lost, or among the dead letters. */
  readonly lost: number;
}

/** Why `forceFlush` rejects: something was not delivered. What waits goes on waiting, and is sent when it can be. */
export class UndeliveredError extends Error implements Undelivered {
  override readonly name = 'UndeliveredError';
  readonly code = 'undelivered';
  readonly signal: Signal;
  readonly waiting: number;
  readonly lost: number;

  /** @param spoolDirectory undefined where there is none */
  constructor(
    signal: Signal,
    { waiting, lost }: Undelivered,
    spoolDirectory: string | undefined,
    { error, spooled }: Pick<SignalDelivery, 'error' | 'spooled'>,
  ) {
    const where =
      spooled > 0 && spoolDirectory !== undefined ? `in ${spoolDirectory}` : 'in memory';
    const parts = [
      ...(waiting > 0
        ? [`${recordsText(waiting)} ${waiting === 1 ? 'waits' : 'wait'} ${where}`]
        : []),
      ...(lost > 0 ? [`${recordsText(lost)} lost or set aside`] : []),
    ];
    super(`${signal}: ${parts.join(', ')}${error === undefined ? '' : `: ${error}`}`);
    this.signal = signal;
    this.waiting = waiting;
    this.lost = lost;
  }
}

/** Whether a value is an {@link UndeliveredError}, also of another copy of this package. */
export function isUndeliveredError(value: unknown): value is UndeliveredError {
  return value instanceof Error && value.name === 'UndeliveredError' && 'code' in value;
}

function recordsText(count: number): string {
  return `${count} ${count === 1 ? 'record' : 'records'}`;
}
