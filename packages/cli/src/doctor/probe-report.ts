/** The variable that tells the probe in which directory to leave its report. */
export const PROBE_VARIABLE = 'MILEPOST_DOCTOR_PROBE';

/** What the probe saw in one thread of one process. */
export interface ProbeReport {
  /** What the process runs: Node.js and its program. */
  readonly command: readonly string[];
  /** The copies of @opentelemetry/api that it loaded, as URLs of their directories. */
  readonly apis: readonly string[];
  /** Of what a provider was registered: `trace`, `logs`, `metrics`. */
  readonly providers: readonly string[];
  /** Runs that began in it, and how many of them had no span, no root span of their own, were not sampled, not recorded. */
  readonly runs: {
    readonly began: number;
    readonly withoutSpan: number;
    readonly withoutRoot: number;
    readonly unsampled: number;
    readonly unrecorded: number;
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

const COUNTS = ['began', 'withoutSpan', 'withoutRoot', 'unsampled', 'unrecorded'] as const;

/** Whether a value is what a probe wrote: a process that is killed may leave half of it. */
function isProbeReport(value: unknown): value is ProbeReport {
  if (typeof value !== 'object' || value === null) return false;
  if (!('command' in value && 'apis' in value && 'providers' in value && 'runs' in value)) {
    return false;
  }
  const { command, apis, providers, runs } = value;
  return (
    [command, apis, providers].every(isTexts) &&
    typeof runs === 'object' &&
    runs !== null &&
    COUNTS.every((name) => typeof Reflect.get(runs, name) === 'number')
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns undefined for what is no whole report */
export function parseProbeReport(text: string): ProbeReport | undefined {
  const value = parsed(text);
  return isProbeReport(value) ? value : undefined;
}
