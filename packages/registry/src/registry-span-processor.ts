import { type Context, diag } from '@opentelemetry/api';
import { type ReadableSpan, type Span, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { Flags, placeOfSpan } from '@milepost/core/hooks';
import { connectRegistry } from './connect-registry.ts';
import {
  type ForeignUnit,
  errorOfSpan,
  fieldsOfSpan,
  foreignUnitOf,
  statusOfSpan,
  timeOfSpan,
} from './foreign-span.ts';
import { type Registry } from './registry.ts';

/** Spans under way that stand for a stage or an item, by registry, so that two processors record each once. */
const units = new WeakMap<Registry, WeakMap<object, ForeignUnit>>();

function unitsOf(registry: Registry): WeakMap<object, ForeignUnit> {
  const known = units.get(registry);
  if (known !== undefined) return known;
  const made = new WeakMap<object, ForeignUnit>();
  units.set(registry, made);
  return made;
}

/**
 * Connects a registry when it is put into an SDK's `spanProcessors`: constructing it does what `connectRegistry` does,
 * and spans that others made are recorded too where they start with `pipeline.unit` (`stage` or `item`), `run.id` and
 * `stage`. It never throws into the user's call.
 */
export class RegistrySpanProcessor implements SpanProcessor {
  readonly #registry: Registry;
  readonly #units: WeakMap<object, ForeignUnit>;
  readonly #disconnect: () => void;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#units = unitsOf(registry);
    this.#disconnect = connectRegistry(registry);
  }

  onStart(span: Span, parentContext: Context): void {
    this.#guarded(() => {
      if (this.#units.has(span)) return;
      const flags = new Flags();
      const unit = foreignUnitOf(span, parentContext, flags);
      if (unit === undefined) return;
      this.#units.set(span, unit);
      if (unit.unit === 'item') return;
      this.#registry.listener.onEvent({
        type: 'stage_started',
        time: timeOfSpan(span.startTime),
        run: unit.stage.run,
        stage: unit.stage,
        fields: fieldsOfSpan(span, flags),
        flags: flags.list,
        span: placeOfSpan(span, span.parentSpanContext),
      });
    });
  }

  onEnd(span: ReadableSpan): void {
    this.#guarded(() => {
      const unit = this.#units.get(span);
      if (unit === undefined) return;
      this.#units.delete(span);
      this.#recordEnd(span, unit);
    });
  }

  /** Resolves when all that was recorded before is on disk. */
  async forceFlush(): Promise<void> {
    await this.#registry.flush();
  }

  /** Disconnects and flushes. The registry stays open: whoever opened it closes it. */
  async shutdown(): Promise<void> {
    this.#disconnect();
    await this.#registry.flush();
  }

  #recordEnd(span: ReadableSpan, { unit, stage, itemId }: ForeignUnit): void {
    const status = statusOfSpan(span);
    const flags = new Flags();
    const fields = unit === 'stage' ? fieldsOfSpan(span, flags) : {};
    const base = {
      time: timeOfSpan(span.endTime),
      run: stage.run,
      stage,
      durationSeconds: timeOfSpan(span.duration) / 1000,
      error: status === 'failed' ? errorOfSpan(span, flags) : undefined,
      flags: flags.list,
    };
    if (unit === 'item') {
      const outcome = status === 'partial' ? 'completed' : status;
      this.#registry.listener.onEvent({
        type: 'item_ended',
        ...base,
        itemId: itemId ?? '',
        status: outcome,
      });
      return;
    }
    this.#registry.listener.onEvent({
      type: 'stage_ended',
      ...base,
      status,
      willRetry: false,
      reason: undefined,
      counts: {},
      fields,
      config: undefined,
      metadata: {},
      items: undefined,
    });
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      diag.error('milepost: registry: a span could not be recorded', error);
    }
  }
}
