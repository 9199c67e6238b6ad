import { within } from './within.ts';

/** What the records of a batch say of their resource. */
export interface HasResource {
  readonly resource: {
    /** Some of its attributes are not known yet. */
    readonly asyncAttributesPending?: boolean;
    waitForAsyncAttributes?(): Promise<void>;
  };
}

/**
 * Waits for attributes of resources that are still being detected, as the SDK's own processors do.
 * @param timeoutMs after which the records go with what is known. The timer does not keep the process alive
 * @returns undefined where there is nothing to wait for. Never rejects
 */
export function settledResources(
  records: readonly HasResource[],
  timeoutMs: number,
): Promise<void> | undefined {
  const pending = new Set<HasResource['resource']>();
  for (const { resource } of records) {
    if (resource.asyncAttributesPending === true) pending.add(resource);
  }
  if (pending.size === 0) return undefined;
  const settled = Promise.allSettled(
    Array.from(pending, async (resource) => resource.waitForAsyncAttributes?.()),
  );
  return within(timeoutMs, settled, { holdsProcess: false }).then(() => undefined);
}
