import { type Context, type HrTime, SpanStatusCode } from '@opentelemetry/api';
import { type ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  type ErrorDescription,
  FieldBag,
  type Fields,
  type Flags,
  type RunIdentity,
  type StageIdentity,
  boundedName,
  isOwnSpan,
  scopeOf,
  truncate,
} from '@milepost/core/hooks';
import { isRunId } from '@milepost/run-id';
import {
  ATTR_ATTEMPT,
  ATTR_ERROR_TYPE,
  ATTR_ITEM_ID,
  ATTR_PIPELINE,
  ATTR_PIPELINE_UNIT,
  ATTR_RUN_ID,
  ATTR_STAGE,
  ATTR_STATUS,
  ATTR_SUBDOMAIN,
  END_STATUS_VALUES,
  ERROR_CATEGORY_VALUE_UNKNOWN,
  ERROR_TYPE_VALUE_OTHER,
  type EndStatus,
  MAX_STACK_BYTES,
  MAX_VALUE_BYTES,
  PIPELINE_UNIT_VALUE_ITEM,
  PIPELINE_UNIT_VALUE_STAGE,
  RESERVED_FIELD_LABELS,
  labelOf,
} from '@milepost/semconv';

/** A span that others made and that stands for a stage or an item. */
export interface ForeignUnit {
  readonly unit: 'stage' | 'item';
  readonly stage: StageIdentity;
  readonly itemId: string | undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function runOf(span: ReadableSpan, runId: string, stage: string, flags: Flags): RunIdentity {
  return {
    runId,
    traceId: span.spanContext().traceId,
    attempt: 1,
    pipeline: boundedName(span.attributes[ATTR_PIPELINE], flags) ?? stage,
    subdomain: boundedName(span.attributes[ATTR_SUBDOMAIN], flags),
    clientId: undefined,
    parentRunId: undefined,
    implicit: false,
    joined: true,
    stages: [],
    source: undefined,
    startTime: timeOfSpan(span.startTime),
  };
}

/**
 * What a span that starts stands for: nothing unless it carries `pipeline.unit` (`stage` or `item`), `run.id` and
 * `stage` already, and nothing where core made it, as the lifecycle feed tells of that.
 */
export function foreignUnitOf(
  span: ReadableSpan,
  parentContext: Context,
  flags: Flags,
): ForeignUnit | undefined {
  const unit = span.attributes[ATTR_PIPELINE_UNIT];
  if (unit !== PIPELINE_UNIT_VALUE_STAGE && unit !== PIPELINE_UNIT_VALUE_ITEM) return undefined;
  if (isOwnSpan(parentContext)) return undefined;
  const runId = span.attributes[ATTR_RUN_ID];
  const name = boundedName(span.attributes[ATTR_STAGE], flags);
  if (!isRunId(runId) || name === undefined) return undefined;
  const around = scopeOf(parentContext);
  const run = around?.run.runId === runId ? around.run : runOf(span, runId, name, flags);
  const sameStage = around?.stage?.name === name && around.run.runId === runId;
  if (unit === PIPELINE_UNIT_VALUE_ITEM) {
    const itemId = text(span.attributes[ATTR_ITEM_ID]);
    if (itemId === undefined) return undefined;
    const inside = sameStage ? around.stage : undefined;
    const executionId = span.parentSpanContext?.spanId ?? span.spanContext().spanId;
    return { unit, stage: inside ?? stageOf(span, run, name, executionId, undefined), itemId };
  }
  const executionId = span.spanContext().spanId;
  const parent = around?.run.runId === runId ? around.stage?.executionId : undefined;
  return { unit, stage: stageOf(span, run, name, executionId, parent), itemId: undefined };
}

function stageOf(
  span: ReadableSpan,
  run: RunIdentity,
  name: string,
  executionId: string,
  parentExecutionId: string | undefined,
): StageIdentity {
  const attempt = span.attributes[ATTR_ATTEMPT];
  return {
    run,
    name,
    occurrence: 1,
    attempt: typeof attempt === 'number' && Number.isInteger(attempt) && attempt > 0 ? attempt : 1,
    executionId,
    parentExecutionId,
  };
}

/** Milliseconds since the Unix epoch of a span's time. */
export function timeOfSpan([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}

/** How a span ended: its own `status` attribute, else by its span status. */
export function statusOfSpan(span: ReadableSpan): EndStatus {
  const told = span.attributes[ATTR_STATUS];
  const known = END_STATUS_VALUES.find((status) => status === told);
  return known ?? (span.status.code === SpanStatusCode.ERROR ? 'failed' : 'completed');
}

/** The error of a failed span, as far as it tells. Its texts are bounded. */
export function errorOfSpan(span: ReadableSpan, flags: Flags): ErrorDescription {
  const exception = span.events.findLast(({ name }) => name === 'exception')?.attributes;
  const stack = text(exception?.['exception.stacktrace']);
  return {
    type:
      boundedName(span.attributes[ATTR_ERROR_TYPE], flags) ??
      boundedName(exception?.['exception.type'], flags) ??
      ERROR_TYPE_VALUE_OTHER,
    message: truncate(
      text(span.status.message) ?? text(exception?.['exception.message']) ?? '',
      MAX_VALUE_BYTES,
    ),
    category: ERROR_CATEGORY_VALUE_UNKNOWN,
    stack: stack === undefined ? undefined : truncate(stack, MAX_STACK_BYTES),
  };
}

/** The attributes of a span that are the user's own: secrets are redacted, and they are bounded, one by one and together. */
export function fieldsOfSpan(span: ReadableSpan, flags: Flags): Readonly<Fields> {
  const bag = new FieldBag(flags);
  for (const [key, value] of Object.entries(span.attributes)) {
    if (!RESERVED_FIELD_LABELS.has(labelOf(key))) bag.add(key, () => value);
  }
  return bag.values;
}
