import { SeverityNumber } from '@opentelemetry/api';
import {
  LEVEL_VALUE_DEBUG,
  LEVEL_VALUE_ERROR,
  LEVEL_VALUE_INFO,
  LEVEL_VALUE_WARNING,
  type Level,
} from '@milepost/semconv';

/**
 * The level that a log record's severity number stands for; undefined where it has none.
 * Source: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
 */
export function levelOfSeverity(severity: SeverityNumber | undefined): Level | undefined {
  if (severity === undefined || severity === SeverityNumber.UNSPECIFIED) return undefined;
  if (severity < SeverityNumber.INFO) return LEVEL_VALUE_DEBUG;
  if (severity < SeverityNumber.WARN) return LEVEL_VALUE_INFO;
  return severity < SeverityNumber.ERROR ? LEVEL_VALUE_WARNING : LEVEL_VALUE_ERROR;
}
