import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_ERROR_CATEGORY,
  ATTR_ERROR_TYPE,
  ATTR_NAME,
  ERROR_TYPE_VALUE_OTHER,
} from '@milepost/semconv';
import { type Count } from './bounded-series.ts';
import { globalState } from './global-state.ts';
import { type StageSeries } from './stage-series.ts';

// What names cost: each makes a series of its own, and an SDK keeps 2,000 of an instrument. All further names of a stage are
// one more, of each of the at most 399 kinds of stages.
const MAX_NAMES_OF_A_STAGE = 100;
const MAX_NAMES = 1590;

const named = globalState('named-series', () => ({ errors: 0, volume: 0 }));

/** Counts an error of a stage. */
export function countError(stage: StageSeries, type: string, category: string): void {
  const isNamed = takeName('errors', stage.errors, `${type}\0${category}`);
  const [countedType, countedCategory] = isNamed
    ? [type, category]
    : [ERROR_TYPE_VALUE_OTHER, ERROR_TYPE_VALUE_OTHER];
  addTo(stage.errors, `${countedType}\0${countedCategory}`, 1, () => ({
    ...stage.attributes,
    [ATTR_ERROR_TYPE]: countedType,
    [ATTR_ERROR_CATEGORY]: countedCategory,
  }));
}

/** Counts what a stage counted under a name of the user's. */
export function countVolume(stage: StageSeries, name: string, amount: number): void {
  const countedName = takeName('volume', stage.volume, name) ? name : ERROR_TYPE_VALUE_OTHER;
  // A counter only grows: what reads it takes a fall for a restart of the process.
  addTo(stage.volume, countedName, Math.max(amount, 0), () => ({
    ...stage.attributes,
    [ATTR_NAME]: countedName,
  }));
}

/** Whether a name has a series of its own, or gets one. */
function takeName(
  what: keyof typeof named,
  counts: ReadonlyMap<string, Count>,
  name: string,
): boolean {
  if (counts.has(name)) return true;
  if (counts.size >= MAX_NAMES_OF_A_STAGE || named[what] >= MAX_NAMES) return false;
  named[what] += 1;
  return true;
}

function addTo(
  counts: Map<string, Count>,
  key: string,
  amount: number,
  attributes: () => Attributes,
): void {
  const count = counts.get(key);
  if (count === undefined) counts.set(key, { attributes: attributes(), value: amount });
  else count.value += amount;
}
