import { FLAG_VALUE_FIELD_TRUNCATED, MAX_DECLARED_STAGES } from '@milepost/semconv';
import { boundedName } from './bounded-name.ts';
import { type Flags } from './flags.ts';

/** The stages that a run declares, as each of its jobs carries them: names, and not too many. */
export function declaredStages(given: unknown, flags: Flags): readonly string[] {
  if (!Array.isArray(given)) return [];
  if (given.length > MAX_DECLARED_STAGES) flags.add(FLAG_VALUE_FIELD_TRUNCATED);
  return given
    .slice(0, MAX_DECLARED_STAGES)
    .map((stage) => boundedName(stage, flags))
    .filter((stage) => stage !== undefined);
}
