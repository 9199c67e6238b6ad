import {
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_PIPELINE_UNIT,
  ATTR_STATUS,
  type EndStatus,
  LEVEL_VALUE_INFO,
  PIPELINE_UNIT_VALUE_STAGE,
  stageEndedEvent,
  stageStartedEvent,
} from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { addEndAttributes, addFlags, addStartAttributes, levelOf } from './end-attributes.ts';
import { type Fields } from './field-bag.ts';
import { type Flags } from './flags.ts';
import { guarded } from './guard.ts';
import { emitLog } from './milestone.ts';
import { currentLogger, currentTracer } from './providers.ts';
import { contextOfOwnSpan } from './scope.ts';
import { type SpanPlace, placeOfSpan } from './span-place.ts';

/** What an execution of a stage says about itself. */
export interface SignalledStage {
  readonly name: string;
  readonly flags: Flags;
  /** In milliseconds since the Unix epoch. */
  readonly startTime: number;
  /** The attributes of each of its signals: a fresh object each time. */
  base(): Attributes;
  /** What its user has said of it so far. */
  readonly fields: Fields | undefined;
}

/** How a stage ended, for its signals. */
export interface SignalledEnd {
  readonly status: EndStatus;
  readonly durationSeconds: number;
  readonly error: ErrorDescription | undefined;
  /** Counts, items and reason. Taken over. */
  readonly added: Attributes;
}

/** The span and the milestone logs of one execution of a stage. */
export class StageSignals {
  /** The context that the stage's function runs in. */
  readonly context: Context;
  readonly #stage: SignalledStage;
  readonly #around: SpanContext | undefined;
  readonly #span: Span | undefined;

  /** Starts the span, and logs the start. */
  constructor(stage: SignalledStage, inStage: Context) {
    this.#stage = stage;
    this.#around = trace.getSpanContext(inStage);
    const tracer = currentTracer();
    if (tracer === undefined) {
      this.context = inStage;
    } else {
      const attributes = this.#attributes();
      attributes[ATTR_PIPELINE_UNIT] = PIPELINE_UNIT_VALUE_STAGE;
      this.#span = guarded(
        'the start of the span of a stage',
        () => tracer.startSpan(stage.name, { attributes }, contextOfOwnSpan(inStage)),
        undefined,
      );
      this.context = this.#span === undefined ? inStage : trace.setSpan(inStage, this.#span);
    }
    this.#logStart();
  }

  /** Where the span hangs; undefined where there is none of its own. */
  get place(): SpanPlace | undefined {
    return this.#span && placeOfSpan(this.#span, this.#around);
  }

  /** Logs the end, and ends the span. */
  end(end: SignalledEnd): void {
    this.#logEnd(end);
    guarded('the end of the span of a stage', () => this.#endSpan(end), undefined);
  }

  #logStart(): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const { name, startTime, flags } = this.#stage;
    const attributes = this.#attributes();
    addStartAttributes(attributes, startTime, flags);
    const event = stageStartedEvent(name);
    emitLog(logger, LEVEL_VALUE_INFO, event, event, this.context, attributes);
  }

  #logEnd({ status, durationSeconds, error, added }: SignalledEnd): void {
    const logger = currentLogger();
    if (logger === undefined) return;
    const { name, startTime, flags } = this.#stage;
    const attributes = this.#attributes();
    Object.assign(attributes, added);
    addEndAttributes(attributes, status, startTime, durationSeconds, error, flags);
    const event = stageEndedEvent(name, status);
    emitLog(logger, levelOf(status), event, event, this.context, attributes);
  }

  #endSpan({ status, error, added }: SignalledEnd): void {
    const span = this.#span;
    if (span === undefined) return;
    if (span.isRecording()) {
      Object.assign(added, this.#stage.fields);
      added[ATTR_STATUS] = status;
      addFlags(added, this.#stage.flags);
      if (error !== undefined) {
        added[ATTR_ERROR_TYPE] = error.type;
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      }
      span.setAttributes(added);
    }
    span.end();
  }

  #attributes(): Attributes {
    const attributes = this.#stage.base();
    const { fields } = this.#stage;
    if (fields !== undefined) Object.assign(attributes, fields);
    return attributes;
  }
}
