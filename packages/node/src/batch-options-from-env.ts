import { positiveNumberFromEnv } from './positive-number-from-env.ts';

/** The options of the SDK's batch processors that the environment may set. */
export interface BatchOptions {
  readonly maxQueueSize?: number;
  readonly scheduledDelayMillis?: number;
  readonly exportTimeoutMillis?: number;
  readonly maxExportBatchSize?: number;
}

const VARIABLES = {
  maxQueueSize: 'MAX_QUEUE_SIZE',
  scheduledDelayMillis: 'SCHEDULE_DELAY',
  exportTimeoutMillis: 'EXPORT_TIMEOUT',
  maxExportBatchSize: 'MAX_EXPORT_BATCH_SIZE',
} as const;

/** What `OTEL_BSP_*` or `OTEL_BLRP_*` say; what they do not say is left to the SDK. */
export function batchOptionsFromEnv(processor: 'BSP' | 'BLRP'): BatchOptions {
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([option, variable]) => {
      const value = positiveNumberFromEnv(`OTEL_${processor}_${variable}`);
      return value === undefined ? [] : [[option, value]];
    }),
  );
}
