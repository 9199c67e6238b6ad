import { type Context, diag } from '@opentelemetry/api';
import { type Span, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { isOwnSpan, scopeOf } from '@milepost/core/hooks';
import { ATTR_PIPELINE_UNIT } from '@milepost/semconv';

/**
 * Stamps the spans that other instrumentation makes below a run with `run.id`, `pipeline`, `stage`, `item.id` and
 * the other attributes of their place. What a span has already stays; `pipeline.unit` is never set, so that no HTTP
 * request looks like a stage. Stands before processors that read these attributes at the start of a span.
 */
export class ScopeSpanProcessor implements SpanProcessor {
  onStart(span: Span, parentContext: Context): void {
    try {
      const scope = scopeOf(parentContext);
      if (scope === undefined || isOwnSpan(parentContext)) return;
      for (const [name, value] of Object.entries(scope.attributes)) {
        if (name === ATTR_PIPELINE_UNIT || span.attributes[name] !== undefined) continue;
        if (value !== undefined) span.setAttribute(name, value);
      }
    } catch (error) {
      // What a processor throws, `startSpan` would throw into the user's code.
      diag.error('milepost: a span could not be stamped with its run', error);
    }
  }

  onEnd(): void {
    // A span is stamped at its start.
  }

  async forceFlush(): Promise<void> {
    // Nothing is kept.
  }

  async shutdown(): Promise<void> {
    // Nothing is kept.
  }
}
