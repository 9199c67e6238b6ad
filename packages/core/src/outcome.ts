import {
  STATUS_VALUE_CANCELLED,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  type EndStatus,
} from '@milepost/semconv';
import { isAbort } from './describe-error.ts';
import { guarded } from './guard.ts';

/** How work ended, as its caller saw it. */
export type Outcome =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'abandoned'; readonly reason: string };

/** What a classifier is told: what the work gave, or what it threw. */
export type ClassifiedOutcome = { readonly value: unknown } | { readonly error: unknown };

/** What a classifier decides; what it leaves out stays Milepost's decision. */
export interface Classification {
  readonly status?: EndStatus;
  /** `error.category` of a failure, such as `ocr_failed`. */
  readonly category?: string;
}

/**
 * Says what counts as a failure: an error may be a normal end, and a value a failure. Called once, at the end. What it
 * throws is reported, and Milepost decides.
 */
export type Classifier = (outcome: ClassifiedOutcome) => Classification | undefined;

/** The status that an outcome gives by itself, and the category that the user's classifier gave. */
export function classifyOutcome(
  outcome: Outcome,
  classify: Classifier | undefined,
  signal: AbortSignal | undefined,
): { readonly status: EndStatus | undefined; readonly category: string | undefined } {
  if (outcome.kind === 'abandoned') return { status: STATUS_VALUE_CANCELLED, category: undefined };
  const chosen =
    classify &&
    guarded(
      'the classify function of a stage',
      () =>
        classify(outcome.kind === 'threw' ? { error: outcome.error } : { value: outcome.value }),
      undefined,
    );
  return { status: chosen?.status ?? statusOf(outcome, signal), category: chosen?.category };
}

function statusOf(outcome: Outcome, signal: AbortSignal | undefined): EndStatus | undefined {
  // What the items and `stage.skip` say decides about work that returned.
  if (outcome.kind !== 'threw') return undefined;
  return isAbort(outcome.error, signal) ? STATUS_VALUE_CANCELLED : STATUS_VALUE_FAILED;
}

/** The status of work that returned and about which nothing else is known. */
export const DEFAULT_STATUS: EndStatus = STATUS_VALUE_COMPLETED;
