import { inspect } from 'node:util';
import { isDetectorName, RESOURCE_DETECTOR_NAMES } from './resource.ts';
import { TelemetryError } from './telemetry-error.ts';
import { type TelemetryOptions } from './telemetry-options.ts';
import { TIME_LIMIT, isTimeLimit } from './time-limit.ts';

interface Expectation {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const LIST: Expectation = { expected: 'a list', holds: Array.isArray };
const OBJECT: Expectation = {
  expected: 'an object',
  holds: (value) => typeof value === 'object' && value !== null,
};
const FLAG: Expectation = {
  expected: 'true or false',
  holds: (value) => typeof value === 'boolean',
};

const BYTES: Expectation = {
  expected: 'a number of bytes, 1 or more',
  holds: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
};

/** Every option but `console`, which is checked with its variable. */
const EXPECTATIONS: Readonly<Record<Exclude<keyof TelemetryOptions, 'console'>, Expectation>> = {
  serviceName: { expected: 'a string', holds: (value) => typeof value === 'string' },
  resourceAttributes: OBJECT,
  resourceDetectors: {
    expected: `a list of detectors, or of ${RESOURCE_DETECTOR_NAMES.join(', ')}`,
    holds: (value) =>
      Array.isArray(value) &&
      value.every((item) =>
        typeof item === 'string' ? isDetectorName(item) : hasMethod(item, 'detect'),
      ),
  },
  registry: {
    expected: 'what openRegistry gave',
    holds: (value) => hasMethod(value, 'flush') && 'listener' in value,
  },
  sampler: { expected: 'a sampler', holds: (value) => hasMethod(value, 'shouldSample') },
  spanLimits: OBJECT,
  instrumentations: LIST,
  spanProcessors: LIST,
  logRecordProcessors: LIST,
  metricReaders: LIST,
  views: LIST,
  metricAttributes: LIST,
  spool: {
    expected: 'the path of a directory, or false',
    holds: (value) => value === false || (typeof value === 'string' && value !== ''),
  },
  maxSpoolBytes: BYTES,
  maxMemoryBytes: BYTES,
  maxAgeMs: { expected: TIME_LIMIT, holds: isTimeLimit },
  signals: FLAG,
  timeoutMs: { expected: TIME_LIMIT, holds: isTimeLimit },
  quiet: FLAG,
};

const NAMES = [...Object.keys(EXPECTATIONS), 'console'];

/** @throws TelemetryError `MILEPOST_TELEMETRY_OPTIONS` where an option is none, or cannot be what it should be */
export function checkOptions(options: TelemetryOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || NAMES.includes(name)) continue;
    const meant = NAMES.find((known) => plainName(known) === plainName(name));
    const hint =
      meant === undefined ? `the options are ${NAMES.join(', ')}` : `did you mean \`${meant}\`?`;
    throw new TelemetryError(
      'MILEPOST_TELEMETRY_OPTIONS',
      `there is no option \`${name}\`: ${hint}`,
    );
  }
  for (const [option, { expected, holds }] of Object.entries(EXPECTATIONS)) {
    const value: unknown = Reflect.get(options, option);
    if (value === undefined || holds(value)) continue;
    throw new TelemetryError(
      'MILEPOST_TELEMETRY_OPTIONS',
      `the option \`${option}\` must be ${expected}; it is ${inspect(value, { depth: 1, breakLength: Infinity })}`,
    );
  }
  if (options.registry?.isClosed !== true) return;
  throw new TelemetryError(
    'MILEPOST_TELEMETRY_OPTIONS',
    'the option `registry` is closed already, nothing would be recorded: close it after the shutdown of telemetry',
  );
}

/** A name as it is compared with what may be meant: `service_name` is `serviceName`. */
function plainName(name: string): string {
  return name.replaceAll(/[^a-z]/gi, '').toLowerCase();
}

function hasMethod<N extends string>(value: unknown, name: N): value is Record<N, unknown> {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
  );
}
