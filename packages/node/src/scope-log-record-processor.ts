import { type Context, SeverityNumber, context as contextApi, diag } from '@opentelemetry/api';
import { type LogRecordProcessor, type ReadWriteLogRecord } from '@opentelemetry/sdk-logs';
import { scopeOf } from '@milepost/core/hooks';
import {
  ATTR_LEVEL,
  ATTR_PIPELINE_UNIT,
  ATTR_STATUS,
  STATUS_VALUE_FAILED,
} from '@milepost/semconv';
import { levelOfSeverity } from './severity-level.ts';

/**
 * Stamps the log records that other instrumentation makes below a run with `run.id`, `pipeline`, `stage`, `item.id`
 * and the other attributes of their place, with `level`, and errors with `status: failed`. What a record has already
 * stays, and `pipeline.unit` is never set. Stands before processors that read these attributes.
 */
export class ScopeLogRecordProcessor implements LogRecordProcessor {
  onEmit(record: ReadWriteLogRecord, context: Context = contextApi.active()): void {
    try {
      const scope = scopeOf(context);
      if (scope === undefined) return;
      const stamp = (name: string, value: unknown): void => {
        if (value !== undefined && record.attributes[name] === undefined) {
          record.setAttributes({ [name]: value });
        }
      };
      for (const [name, value] of Object.entries(scope.attributes)) {
        if (name !== ATTR_PIPELINE_UNIT) stamp(name, value);
      }
      stamp(ATTR_LEVEL, levelOfSeverity(record.severityNumber));
      if ((record.severityNumber ?? SeverityNumber.UNSPECIFIED) >= SeverityNumber.ERROR) {
        stamp(ATTR_STATUS, STATUS_VALUE_FAILED);
      }
    } catch (error) {
      // What a processor throws, `emit` would throw into the user's code.
      diag.error('milepost: a log record could not be stamped with its run', error);
    }
  }

  /** It takes no record for itself: where nobody else does, records need not be made. */
  enabled(): boolean {
    return false;
  }

  async forceFlush(): Promise<void> {
    // Nothing is kept.
  }

  async shutdown(): Promise<void> {
    // Nothing is kept.
  }
}
