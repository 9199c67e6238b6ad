import { type Attributes } from '@opentelemetry/api';
import { ATTR_STATUS, ATTR_SUBDOMAIN } from '@milepost/semconv';

/** A count and the attributes under which it is exported. */
export interface Count {
  readonly attributes: Attributes;
  value: number;
}

// An SDK keeps 2,000 series per instrument and loses what an observed counter says beyond them. A kind of work has one for
// each of five statuses, and the one kind for all further ones has them too.
const MAX_KINDS = 398;

/** The tenant as an attribute, where there is one. */
export function subdomainAttribute(subdomain: string | undefined): Attributes {
  return subdomain === undefined ? {} : { [ATTR_SUBDOMAIN]: subdomain };
}

/** A count from 0 on for each status. */
export function countsByStatus<S extends string>(
  statuses: readonly S[],
  attributes: Attributes,
): Readonly<Record<S, Count>> {
  const counts: Partial<Record<S, Count>> = {};
  for (const status of statuses) {
    counts[status] = { attributes: { ...attributes, [ATTR_STATUS]: status }, value: 0 };
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every status of the list has been set
  return counts as Record<S, Count>;
}

/** The series under a key; beyond as many kinds as an SDK has series for, all further keys share one. */
export function findOrCreate<T>(
  all: Map<string, T>,
  key: string,
  create: (overflow: boolean) => T,
): T {
  const existing = all.get(key) ?? (all.size >= MAX_KINDS ? all.get('') : undefined);
  if (existing !== undefined) return existing;
  const overflow = all.size >= MAX_KINDS;
  const created = create(overflow);
  all.set(overflow ? '' : key, created);
  return created;
}
