import {
  END_STATUS_VALUES,
  STATUS_VALUE_CANCELLED,
  STATUS_VALUE_FAILED,
  type EndStatus,
} from '@milepost/semconv';
import { MAX_NAME_BYTES } from './bounded-name.ts';
import { type ErrorDescription, isAbort } from './describe-error.ts';
import { atOnce, guarded } from './guard.ts';
import { truncate } from './truncate.ts';

/** How work ended, as its caller saw it. */
export type Outcome =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'abandoned'; readonly reason: string }
  /** The process fails around it. */
  | { readonly kind: 'interrupted'; readonly error: ErrorDescription };

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

/** A classifier that is asked once and answers the same ever after, for what ends alike. */
export function askedOnce(classify: Classifier): Classifier {
  let answer: { readonly given: Classification | undefined } | undefined;
  return (outcome) => (answer ??= { given: classify(outcome) }).given;
}

/** Who says what an outcome is. */
export interface Judges {
  /** The work's own classifier. */
  readonly classify: Classifier | undefined;
  /** That of the run, which is asked about errors alone: values are the work's own affair. */
  readonly inherited: Classifier | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The status that an outcome gives by itself, and the category that the user's classifier gave. */
export function classifyOutcome(
  outcome: Outcome,
  judges: Judges,
): { readonly status: EndStatus | undefined; readonly category: string | undefined } {
  if (outcome.kind === 'abandoned') return { status: STATUS_VALUE_CANCELLED, category: undefined };
  if (outcome.kind === 'interrupted') return { status: STATUS_VALUE_FAILED, category: undefined };
  const classify = judges.classify ?? (outcome.kind === 'threw' ? judges.inherited : undefined);
  const chosen =
    classify &&
    guarded('the classify function of a stage', () => classification(classify, outcome), undefined);
  return { status: chosen?.status ?? statusOf(outcome, judges.signal), category: chosen?.category };
}

// From JavaScript anything may come.
function classification(
  classify: Classifier,
  outcome: Extract<Outcome, { readonly kind: 'returned' | 'threw' }>,
): Classification | undefined {
  const given = atOnce(
    classify(outcome.kind === 'threw' ? { error: outcome.error } : { value: outcome.value }),
  );
  if (typeof given !== 'object' || given === null) return undefined;
  const status = END_STATUS_VALUES.find((value) => value === given.status);
  const { category } = given;
  return {
    ...(status !== undefined && { status }),
    ...(typeof category === 'string' &&
      category !== '' && { category: truncate(category, MAX_NAME_BYTES) }),
  };
}

function statusOf(outcome: Outcome, signal: AbortSignal | undefined): EndStatus | undefined {
  // What the items and `stage.skip` say decides about work that returned.
  if (outcome.kind !== 'threw') return undefined;
  return isAbort(outcome.error, signal) ? STATUS_VALUE_CANCELLED : STATUS_VALUE_FAILED;
}
