import { type Attributes } from '@opentelemetry/api';
import { type ResourceMetrics } from '@opentelemetry/sdk-metrics';

type Resource = ResourceMetrics['resource'];

/** A resource, with attributes that are detected later where there is a promise of them. */
export class MadeUpResource implements Resource {
  readonly attributes: Attributes;
  readonly #detected: Promise<void> | undefined;
  asyncAttributesPending: boolean;

  constructor(attributes: Attributes, detected?: Promise<Attributes>) {
    this.attributes = attributes;
    this.asyncAttributesPending = detected !== undefined;
    this.#detected = detected?.then((late) => {
      Object.assign(this.attributes, late);
      this.asyncAttributesPending = false;
    });
  }

  async waitForAsyncAttributes(): Promise<void> {
    await this.#detected;
  }

  merge(): Resource {
    return this;
  }

  getRawAttributes(): ReturnType<Resource['getRawAttributes']> {
    return [];
  }
}
