import {
  type Delivery,
  type DeliveryReport,
  HttpTransport,
  type OtlpDestination,
  type Signal,
  type SpoolInspection,
  inspectSpool,
  openDelivery,
  otlpDestination,
  publicUrl,
  restoreDeadLetters,
} from '@milepost/delivery';
import { type CliIo } from './cli-io.ts';
import { type FlushTarget, flushTargets, roundsOf } from './flush-target.ts';
import { SIGNALS } from './record-counts.ts';
import { type SpoolEntry, spoolEntries } from './spool-entries.ts';

/** How a spool is flushed. */
export interface FlushOptions {
  readonly env: CliIo['env'];
  /** For each round of addresses. */
  readonly timeoutMs: number;
  /** Whether dead letters are put back first. */
  readonly withDeadLetters: boolean;
  /** Told every now and then how many records have been sent. */
  readonly onProgress: (sent: number) => void;
}

/** What became of the records of one signal. */
export interface FlushedSignal {
  readonly signal: Signal;
  /** For which address they waited, and to which they went: without what may be a secret. */
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  /** Set aside among the dead letters, or lost otherwise. */
  readonly refused: number;
  /** Whether anything was found that waits for that address. */
  readonly wasFound: boolean;
  /** What the last failed try said. */
  readonly error: string | undefined;
}

/** What a flush did to a spool. */
export interface FlushResult {
  readonly directory: string;
  /** Records that were put back from the dead letters. */
  readonly restored: number;
  readonly signals: readonly FlushedSignal[];
  /** What waits after all. */
  readonly left: readonly SpoolEntry[];
  readonly after: SpoolInspection;
}

const PROGRESS_EVERY_MS = 200;

/**
 * Sends what processes left in a spool that are gone.
 * @throws {SpoolError}, {CliError}, and what the file system throws
 */
export async function flushSpool(directory: string, options: FlushOptions): Promise<FlushResult> {
  const restored = options.withDeadLetters ? (await restoreDeadLetters(directory)).records : 0;
  const before = await inspectSpool(directory);
  const signals: FlushedSignal[] = [];
  for (const round of roundsOf(flushTargets(before, options.env))) {
    const sentBefore = signals.reduce((sum, { sent }) => sum + sent, 0);
    const onProgress = (sent: number): void => options.onProgress(sentBefore + sent);
    signals.push(...(await flushRound(directory, round, { ...options, onProgress })));
  }
  const after = await inspectSpool(directory);
  return { directory, restored, signals, left: spoolEntries(after), after };
}

async function flushRound(
  directory: string,
  round: readonly FlushTarget[],
  options: FlushOptions,
): Promise<readonly FlushedSignal[]> {
  const targetOf = (signal: Signal): FlushTarget | undefined =>
    round.find((target) => target.signal === signal);
  const destinationOf = (signal: Signal): OtlpDestination =>
    targetOf(signal)?.from ?? otlpDestination(signal);
  const delivery = openDelivery({
    destinations: {
      traces: destinationOf('traces'),
      logs: destinationOf('logs'),
      metrics: destinationOf('metrics'),
    },
    spoolDirectory: directory,
    // Nothing is added, and nothing that is there may be dropped for its size.
    maxSpoolBytes: Number.MAX_SAFE_INTEGER,
    // Who asks for dead letters by name wants them sent, however old.
    ...(options.withDeadLetters && { maxAgeMs: Number.POSITIVE_INFINITY }),
    createTransport: (destination) =>
      new HttpTransport(targetOf(destination.signal)?.to ?? destination),
  });
  const report = await shutDown(delivery, options);
  return round.map(({ signal, from, to }) => {
    const { delivered, spooled, lost, error } = report[signal];
    const refused = Object.values(lost).reduce((sum, count) => sum + count, 0);
    return {
      signal,
      from: publicUrl(from.url),
      to: publicUrl(to.url),
      sent: delivered,
      refused,
      wasFound: delivered + spooled + refused > 0,
      error,
    };
  });
}

async function shutDown(delivery: Delivery, options: FlushOptions): Promise<DeliveryReport> {
  const timer = setInterval(() => {
    const report = delivery.report();
    options.onProgress(SIGNALS.reduce((sum, signal) => sum + report[signal].delivered, 0));
  }, PROGRESS_EVERY_MS);
  try {
    return await delivery.shutdown({ timeoutMs: options.timeoutMs });
  } finally {
    clearInterval(timer);
  }
}
