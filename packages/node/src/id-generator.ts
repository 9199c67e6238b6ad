import { type IdGenerator, RandomIdGenerator } from '@opentelemetry/sdk-trace';
import { takeReservedSpanId, takeReservedTraceId } from '@milepost/core/hooks';

/**
 * Gives the spans of runs the IDs that follow from the run ID, and every other span random ones.
 * Without it runs have no true root span: their stages hang below a parent that is never exported.
 */
export class MilepostIdGenerator implements IdGenerator {
  readonly #random = new RandomIdGenerator();

  // The SDK asks for the span ID first, and for a trace ID only where there is no parent.
  generateSpanId(): string {
    return takeReservedSpanId() ?? this.#random.generateSpanId();
  }

  generateTraceId(): string {
    return takeReservedTraceId() ?? this.#random.generateTraceId();
  }
}
