import { type Context, type HrTime, SpanStatusCode } from '@opentelemetry/api';
import { type ReadableSpan } from '@opentelemetry/sdk-trace';
import {
  type ErrorDescription,
  type FieldValue,
  type RunIdentity,
  type StageIdentity,
  isOwnSpan,
  scopeOf,
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

function runOf(span: ReadableSpan, runId: string, stage: string): RunIdentity {
  return {
    runId,
    traceId: span.spanContext().traceId,
    attempt: 1,
    pipeline: text(span.attributes[ATTR_PIPELINE]) ?? stage,
    subdomain: text(span.attributes[ATTR_SUBDOMAIN]),
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
export function foreignUnitOf(span: ReadableSpan, parentContext: Context): ForeignUnit | undefined {
  const unit = span.attributes[ATTR_PIPELINE_UNIT];
  if (unit !== PIPELINE_UNIT_VALUE_STAGE && unit !== PIPELINE_UNIT_VALUE_ITEM) return undefined;
  if (isOwnSpan(parentContext)) return undefined;
  const runId = span.attributes[ATTR_RUN_ID];
  const name = text(span.attributes[ATTR_STAGE]);
  if (!isRunId(runId) || name === undefined) return undefined;
  const around = scopeOf(parentContext);
  const run = around?.run.runId === runId ? around.run : runOf(span, runId, name);
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

/** The error of a failed span, as far as it tells. */
export function errorOfSpan(span: ReadableSpan): ErrorDescription {
  const exception = span.events.findLast(({ name }) => name === 'exception')?.attributes;
  return {
    type:
      text(span.attributes[ATTR_ERROR_TYPE]) ??
      text(exception?.['exception.type']) ??
      ERROR_TYPE_VALUE_OTHER,
    message: text(span.status.message) ?? text(exception?.['exception.message']) ?? '',
    category: ERROR_CATEGORY_VALUE_UNKNOWN,
    stack: text(exception?.['exception.stacktrace']),
  };
}

function isFieldValue(value: unknown): value is FieldValue {
  return (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    (typeof value === 'number' && Number.isFinite(value)) ||
    (Array.isArray(value) && value.every((part) => isFieldValue(part) && !Array.isArray(part)))
  );
}

/** The attributes of a span that are the user's own. */
export function fieldsOfSpan(span: ReadableSpan): Readonly<Record<string, FieldValue>> {
  return Object.fromEntries(
    Object.entries(span.attributes).flatMap(([key, value]): [string, FieldValue][] =>
      isFieldValue(value) && !RESERVED_FIELD_LABELS.has(labelOf(key)) ? [[key, value]] : [],
    ),
  );
}
