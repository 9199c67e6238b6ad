export { UNNAMED, boundedName } from './bounded-name.ts';
export { type ErrorDescription } from './describe-error.ts';
export { type ProcessEnding, endRunning } from './end-running.ts';
export { FieldBag, type Fields } from './field-bag.ts';
export { type FieldValue } from './field-value.ts';
export { Flags } from './flags.ts';
export { guarded } from './guard.ts';
export { type JobIdentity, type RunIdentity, type StageIdentity } from './identity.ts';
export {
  type ItemCounts,
  type ItemEndedEvent,
  type JobEndedEvent,
  type JobStartedEvent,
  type LifecycleEvent,
  type LifecycleListener,
  type OutputRecordedEvent,
  type RunEndedEvent,
  type RunStartedEvent,
  type StageEndedEvent,
  type StageStartedEvent,
  publishLifecycle,
  subscribeLifecycle,
} from './lifecycle.ts';
export { takeReservedSpanId, takeReservedTraceId } from './reserved-ids.ts';
export { type RunStore, type StoredRun, currentRunStore, installRunStore } from './run-store.ts';
export { type Scope, activeScope, isOwnSpan, scopeOf } from './scope.ts';
export { type SpanPlace, placeOfSpan } from './span-place.ts';
export { truncate } from './truncate.ts';
