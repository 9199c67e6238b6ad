import {
  type Attributes,
  type Context,
  type Span,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_ITEM_ID,
  ATTR_PIPELINE_UNIT,
  ATTR_STATUS,
  type ItemStatus,
  LEVEL_VALUE_ERROR,
  MAX_VALUE_BYTES,
  PIPELINE_UNIT_VALUE_ITEM,
  STATUS_VALUE_COMPLETED,
  STATUS_VALUE_FAILED,
  STATUS_VALUE_PARTIAL,
  itemEndedEvent,
} from '@milepost/semconv';
import { type ErrorDescription } from './describe-error.ts';
import { addEndAttributes } from './end-attributes.ts';
import { FieldBag } from './field-bag.ts';
import { Flags } from './flags.ts';
import { atOnce, guarded } from './guard.ts';
import { describeOutcome, willRetryAfter } from './judge-stage.ts';
import { hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { emitLog } from './milestone.ts';
import { type Judges, type Outcome, classifyOutcome } from './outcome.ts';
import { currentLogger, currentTracer } from './providers.ts';
import { readOptions } from './read-options.ts';
import { type RunningPlace, enterRunning, leaveRunning } from './running.ts';
import { type ScopeStage } from './scope-stage.ts';
import { type RunningScope, contextOfOwnSpan, contextWithScope } from './scope.ts';
import { truncate } from './truncate.ts';
import { type ItemOptions } from './with-item.ts';

const SPAN_NAME = 'item';

/** One item going through a stage. Its functions never throw. */
export class ItemExecution {
  /** The context that the item's function runs in. */
  readonly context: Context;
  readonly #id: string;
  readonly #stage: ScopeStage;
  readonly #options: ItemOptions;
  readonly #flags = new Flags();
  readonly #fields = new FieldBag(this.#flags);
  readonly #base: Attributes;
  readonly #inItem: Context;
  readonly #startTime: number = Date.now();
  readonly #startedAt: number = performance.now();
  #span: Span | undefined;
  /** Until it has ended. */
  #running: RunningPlace | undefined;

  constructor(
    id: string,
    options: ItemOptions,
    stage: ScopeStage,
    around: RunningScope,
    parent: Context,
  ) {
    this.#id = id;
    this.#stage = stage;
    this.#options = readOptions(options, this.#flags);
    const { attributes } = this.#options;
    if (typeof attributes !== 'function') this.#fields.addAll(attributes);
    const item = { [ATTR_ITEM_ID]: truncate(id, MAX_VALUE_BYTES) };
    this.#base = { ...stage.base(), ...item };
    this.#inItem = contextWithScope(parent, {
      ...around,
      itemId: id,
      attributes: { ...around.attributes, ...item },
    });
    if (stage.items.spansForAll) {
      this.#askForFields();
      this.#startSpan(undefined);
    }
    this.context =
      this.#span === undefined ? this.#inItem : trace.setSpan(this.#inItem, this.#span);
    this.#running = enterRunning(this);
  }

  /** A value of a consumed iterator says nothing about the item. */
  gave(): void {
    return undefined;
  }

  /** Ends the item, once. */
  ended(outcome: Outcome): void {
    const place = this.#running;
    if (place === undefined) return;
    this.#running = undefined;
    leaveRunning(place);
    guarded('the end of an item', () => this.#end(outcome), undefined);
  }

  get #judges(): Judges {
    const { inherited, signal } = this.#stage.judges;
    const { classify } = this.#options;
    return { classify, inherited, signal: this.#options.signal ?? signal };
  }

  #end(outcome: Outcome): void {
    const stage = this.#stage;
    const durationSeconds = (performance.now() - this.#startedAt) / 1000;
    const { status: decided, category } = classifyOutcome(outcome, this.#judges);
    // An item has no items of its own: what is partly there is there.
    const status: ItemStatus =
      decided === undefined || decided === STATUS_VALUE_PARTIAL ? STATUS_VALUE_COMPLETED : decided;
    const error = status === STATUS_VALUE_FAILED ? describeOutcome(outcome, category) : undefined;
    stage.items.ended(this.#id, status, error);
    const mayBeTriedAgain = error !== undefined && willRetryAfter(outcome, stage.willRetry);
    if (!mayBeTriedAgain || !stage.items.holdFailure()) stage.series.items[status].value += 1;
    guarded(
      'the signals of an item',
      () => this.#signal(status, error, durationSeconds),
      undefined,
    );
    if (!hasLifecycleListeners()) return;
    publishLifecycle({
      type: 'item_ended',
      time: this.#startTime + durationSeconds * 1000,
      run: stage.run,
      stage,
      flags: this.#flags.list,
      itemId: this.#id,
      status,
      durationSeconds,
      error,
    });
  }

  #signal(status: ItemStatus, error: ErrorDescription | undefined, durationSeconds: number): void {
    if (error) this.#tellFailure(error, durationSeconds);
    this.#endSpan(status, error);
  }

  #tellFailure(error: ErrorDescription, durationSeconds: number): void {
    this.#askForFields();
    if (this.#stage.items.takeSpanForFailure()) this.#startSpan(this.#startTime);
    const logger = currentLogger();
    if (logger === undefined) return;
    const context =
      this.#span === undefined ? this.#inItem : trace.setSpan(this.#inItem, this.#span);
    const event = itemEndedEvent(STATUS_VALUE_FAILED);
    const attributes = { ...this.#base, ...this.#fields.values };
    addEndAttributes(
      attributes,
      STATUS_VALUE_FAILED,
      this.#startTime,
      durationSeconds,
      error,
      this.#flags,
    );
    emitLog(logger, LEVEL_VALUE_ERROR, event, event, context, attributes);
  }

  #askForFields(): void {
    const { attributes } = this.#options;
    if (typeof attributes !== 'function') return;
    const what = 'the attributes function of an item';
    this.#fields.addAll(guarded(what, () => atOnce(attributes()), undefined));
  }

  #startSpan(startTime: number | undefined): void {
    const attributes = {
      ...this.#base,
      [ATTR_PIPELINE_UNIT]: PIPELINE_UNIT_VALUE_ITEM,
      ...this.#fields.values,
    };
    const options = { attributes, ...(startTime !== undefined && { startTime }) };
    this.#span = guarded(
      'the start of a span',
      () => currentTracer()?.startSpan(SPAN_NAME, options, contextOfOwnSpan(this.#inItem)),
      undefined,
    );
  }

  #endSpan(status: ItemStatus, error: ErrorDescription | undefined): void {
    const span = this.#span;
    if (span === undefined) return;
    span.setAttribute(ATTR_STATUS, status);
    if (error) {
      span.setAttributes(this.#fields.values);
      span.setAttribute(ATTR_ERROR_TYPE, error.type);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
    span.end();
  }
}
