import { type ReadableSpan } from '@opentelemetry/sdk-trace';
import { type InMemorySdk } from '../../core/test/telemetry-harness.ts';

/** The spans of jobs, in the order of their starts. */
export function jobSpans(sdk: InMemorySdk): readonly ReadableSpan[] {
  return sdk.spans.filter(({ attributes }) => attributes['pipeline.unit'] === 'job');
}

/** What was said below jobs, each with these attributes. */
export function jobLines(sdk: InMemorySdk, ...names: readonly string[]): readonly unknown[][] {
  return sdk.logs
    .filter(({ attributes }) => attributes['job.id'] !== undefined)
    .map(({ body, attributes }) => [body, ...names.map((name) => attributes[name])]);
}
