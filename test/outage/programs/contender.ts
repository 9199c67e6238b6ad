/** What says how a program has its telemetry. */
export const CONTENDER_NAMES = ['milepost', 'plain', 'none'] as const;
/** Milepost by `startTelemetry`; a NodeSDK with OTLP exporters and signals written by hand; no telemetry at all. */
export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** What of a contender's records has not been delivered, as it says itself. */
export interface Waiting {
  /** Records in memory. */
  readonly memory: number;
  /** Records on disk. */
  readonly disk: number;
}

/** One way to have telemetry, as the programs use it. */
export interface Contender {
  /** Runs `fn` as a run. */
  inRun<T>(fn: () => T): T;
  /** One numbered stage: a span, a started and a completed log, and metrics. */
  stage<T>(name: string, n: number, fn: () => T): T;
  /** Undefined where it cannot tell. */
  waiting(): Waiting | undefined;
  /** Sends what is left, and stops. Gives what it says of that. */
  shutdown(): Promise<unknown>;
}

/** Loads what a contender needs. Gives what starts it. */
export async function loadContender(name: string): Promise<() => Promise<Contender>> {
  switch (name) {
    case 'milepost':
      return (await import('./with-milepost.ts')).start;
    case 'plain':
      return (await import('./with-plain-sdk.ts')).start;
    case 'none':
      return (await import('./without-telemetry.ts')).start;
    default:
      throw new Error(`the contender must be one of ${CONTENDER_NAMES.join(', ')}; it is ${name}`);
  }
}
