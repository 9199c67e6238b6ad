export { type Signal } from './signal.ts';
export { HttpTransport } from './http-transport.ts';
export {
  type OtlpDestination,
  type OtlpDestinationConfig,
  otlpDestination,
} from './otlp-destination.ts';
export { type OtlpRequest } from './otlp-request.ts';
export { isUndeliveredError, type Undelivered, UndeliveredError } from './undelivered-error.ts';
export { publicUrl } from './public-url.ts';
export { type ResolvedDestination } from './resolved-destination.ts';
export { type HttpProtocol, type SignalSerializers, serializerOf } from './serializer.ts';
export { splitRequest } from './split-request.ts';
export { type SendOutcome, type Transport } from './transport.ts';
export {
  type Delivery,
  type DeliveryReport,
  type RecordSource,
  type RequestFate,
  type SignalDelivery,
} from './delivery.ts';
export { DeliveryLogRecordProcessor } from './delivery-log-record-processor.ts';
export { DeliveryMetricReader, type MetricReaderOptions } from './delivery-metric-reader.ts';
export { DeliverySpanProcessor } from './delivery-span-processor.ts';
export { type LossReport, observeLoss } from './observe-loss.ts';
export { observeSpool } from './observe-spool.ts';
export { type BatchOptions } from './record-batch.ts';
export { type RequestSerializer } from './serialize-records.ts';
export {
  TEMPORALITY_PREFERENCE_VALUES,
  type TemporalityPreference,
  temporalitySelector,
} from './temporality-preference.ts';
export { type ExitOutcome, type SendAtExitOptions, sendAtExit } from './send-at-exit.ts';
export { type BackoffOptions } from './backoff.ts';
export { type DeliveryOptions, openDelivery } from './open-delivery.ts';
export {
  type RequestStore,
  type SetAside,
  type StoredRequest,
  type Waiting,
} from './request-store.ts';
export { openSpool, type Spool } from './spool.ts';
export { isSpoolError, SPOOL_ERROR_CODES, SpoolError, type SpoolErrorCode } from './spool-error.ts';
export {
  type EntryKind,
  nodeSpoolFileSystem,
  type SpoolCalls,
  type SpoolEntry,
  type SpoolFileFacts,
  type SpoolFileSystem,
} from './spool-file-system.ts';
export { type SpoolOptions } from './spool-options.ts';
export { type OwnerIdentity } from './owner.ts';
export { inspectSpool, type InspectSpoolOptions } from './spool-inspection.ts';
export {
  type SpoolDeadLetters,
  type SpoolDestination,
  type SpoolHolder,
  type SpoolInspection,
} from './spool-contents.ts';
export {
  restoreDeadLetters,
  type RestoreDeadLettersOptions,
  type RestoredDeadLetters,
} from './dead-letter-return.ts';
export { defaultSpoolDirectory } from './spool-default-directory.ts';
export { type OwnerLife } from './owner-life.ts';
