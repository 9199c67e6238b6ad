import {
  ERROR_TYPE_VALUE_FAILED_RESULT,
  type EndStatus,
  STATUS_VALUE_CANCELLED,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  STATUS_VALUE_SKIPPED,
} from '@milepost/semconv';
import { type ErrorDescription, describeError } from './describe-error.ts';
import { atOnce, guarded } from './guard.ts';
import { type ItemCounts } from './lifecycle.ts';
import { type Judges, type Outcome, classifyOutcome } from './outcome.ts';
import { type StageItems } from './stage-items.ts';
import { type StageNotes } from './stage-notes.ts';
import { type StageOptions } from './stage-options.ts';

/** How a stage ended, all considered. */
export interface StageVerdict {
  readonly status: EndStatus;
  readonly error: ErrorDescription | undefined;
}

const COMPLETED: StageVerdict = { status: STATUS_VALUE_COMPLETED, error: undefined };

/**
 * Decides how a stage ended: the user's classifier first, then what was thrown, then `stage.skip`, then the items: some failed
 * makes it partial, all failed makes it failed.
 */
export function judgeStage(
  outcome: Outcome,
  judges: Judges,
  skipped: boolean,
  items: StageItems | undefined,
  counts: ItemCounts | undefined,
): StageVerdict {
  const { status, category } = classifyOutcome(outcome, judges);
  if (status === STATUS_VALUE_FAILED) return { status, error: describeOutcome(outcome, category) };
  if (status !== undefined) return { status, error: undefined };
  if (skipped) return { status: STATUS_VALUE_SKIPPED, error: undefined };
  if (items === undefined || counts === undefined || counts.failed === 0) return COMPLETED;
  return counts.failed === counts.total
    ? { status: STATUS_VALUE_FAILED, error: items.allFailedError(counts.total) }
    : { status: STATUS_VALUE_PARTIAL, error: undefined };
}

/** The error of work that failed: what it threw, what the process ended by, or that its result counts as a failure. */
export function describeOutcome(outcome: Outcome, category: string | undefined): ErrorDescription {
  if (outcome.kind === 'interrupted') return outcome.error;
  if (outcome.kind === 'threw') return describeError(outcome.error, category);
  return {
    type: ERROR_TYPE_VALUE_FAILED_RESULT,
    message: 'the result counts as a failure',
    category: category ?? ERROR_TYPE_VALUE_FAILED_RESULT,
    stack: undefined,
  };
}

/** Whether the caller is going to try again after this failure. */
export function willRetryAfter(outcome: Outcome, willRetry: StageOptions['willRetry']): boolean {
  if (outcome.kind === 'interrupted') return false;
  if (typeof willRetry !== 'function') return willRetry === true;
  if (outcome.kind !== 'threw') return false;
  return guarded(
    'the willRetry function of a stage',
    () => atOnce(willRetry(outcome.error)) === true,
    false,
  );
}

/** Why a stage was skipped or cancelled, where that was said. */
export function reasonOf(
  status: EndStatus,
  outcome: Outcome,
  notes: StageNotes | undefined,
): string | undefined {
  if (status === STATUS_VALUE_SKIPPED) return notes?.skipped?.reason;
  return status === STATUS_VALUE_CANCELLED && outcome.kind === 'abandoned'
    ? outcome.reason
    : undefined;
}
