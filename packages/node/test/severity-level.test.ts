import { SeverityNumber } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { levelOfSeverity } from '../src/severity-level.ts';

test.for([
  [undefined, undefined],
  [SeverityNumber.UNSPECIFIED, undefined],
  [SeverityNumber.TRACE, 'debug'],
  [SeverityNumber.DEBUG4, 'debug'],
  [SeverityNumber.INFO, 'info'],
  [SeverityNumber.INFO4, 'info'],
  [SeverityNumber.WARN, 'warning'],
  [SeverityNumber.WARN4, 'warning'],
  [SeverityNumber.ERROR, 'error'],
  [SeverityNumber.FATAL4, 'error'],
])('severity %s is level %s', ([severity, level]) => {
  expect(levelOfSeverity(severity as SeverityNumber | undefined)).toBe(level);
});
