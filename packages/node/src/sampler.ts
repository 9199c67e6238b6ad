import { type Attributes, type Context, type Link, type SpanKind, trace } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
} from '@opentelemetry/sdk-trace';
import { type RunIdentity, scopeOf } from '@milepost/core/hooks';

/**
 * Samples each run whole: every span below a run is recorded, so that processors such as the registry's see all of
 * it, and all of them are exported or none. The delegate decides once per run, as if it were asked for a root span
 * of the run's own trace, also where a span of the run lies in another, linked trace. Spans outside runs are the
 * delegate's alone.
 */
export class MilepostSampler implements Sampler {
  readonly #delegate: Sampler;
  readonly #decisions = new WeakMap<RunIdentity, SamplingResult>();

  /** @param delegate decides per run. Default: what an SDK does by default, parent based and always on. */
  constructor(delegate: Sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() })) {
    this.#delegate = delegate;
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const run = scopeOf(context)?.run;
    if (run === undefined) {
      return this.#delegate.shouldSample(context, traceId, name, kind, attributes, links);
    }
    const known = this.#decisions.get(run);
    if (known !== undefined) return known;
    const asked = this.#delegate.shouldSample(
      trace.deleteSpan(context),
      run.traceId,
      name,
      kind,
      attributes,
      links,
    );
    const decided =
      asked.decision === SamplingDecision.NOT_RECORD
        ? { ...asked, decision: SamplingDecision.RECORD }
        : asked;
    this.#decisions.set(run, decided);
    return decided;
  }

  toString(): string {
    return `MilepostSampler{${this.#delegate.toString()}}`;
  }
}
