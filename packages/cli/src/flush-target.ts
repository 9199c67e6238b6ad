import {
  type OtlpDestination,
  type Signal,
  type SpoolInspection,
  otlpDestination,
  publicUrl,
} from '@milepost/delivery';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { SIGNALS } from './record-counts.ts';
import { isHeld, spoolEntries } from './spool-entries.ts';

/** Where what waits for one address is sent. */
export interface FlushTarget {
  readonly signal: Signal;
  /** The address for which it waits: what is kept of it names its directory. */
  readonly from: OtlpDestination;
  /** The address to which it goes. */
  readonly to: OtlpDestination;
}

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';

function namesEndpoint(signal: Signal, env: CliIo['env']): boolean {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`] ?? '';
  return own.trim() !== '' || (env[ENDPOINT] ?? '').trim() !== '';
}

function destinationOf(signal: Signal, url?: string): OtlpDestination {
  let destination: OtlpDestination;
  try {
    destination = otlpDestination(signal, url === undefined ? {} : { url });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`${signal} cannot be sent: ${why}`);
  }
  if (!/^https?:\/\//i.test(destination.url)) {
    throw new CliError(
      `${signal} cannot be sent to "${publicUrl(destination.url)}": expected a URL that begins with http:// or https://`,
    );
  }
  return destination;
}

/**
 * Where to send what processes left that are gone: to the address that `OTEL_EXPORTER_OTLP_*ENDPOINT` names, where one is
 * named, else to the one for which it waits. Headers, certificates and timeouts are those of the environment.
 * @throws {CliError} where the environment names something that is no address
 */
export function flushTargets(spool: SpoolInspection, env: CliIo['env']): readonly FlushTarget[] {
  const waiting = spoolEntries(spool).filter((entry) => !isHeld(entry));
  return SIGNALS.flatMap((signal) => {
    const urls = new Set(
      waiting.flatMap((entry) => (entry.signal === signal ? (entry.url ?? '') : [])),
    );
    const named = namesEndpoint(signal, env) ? destinationOf(signal) : undefined;
    return [...urls].flatMap((url): FlushTarget[] => {
      // A spool does not keep passwords: the environment may still know the address with its own.
      const usual = destinationOf(signal);
      if (url === '' || publicUrl(usual.url) === url) return [{ signal, from: usual, to: usual }];
      const from = destinationOf(signal, url);
      return [{ signal, from, to: named ?? from }];
    });
  });
}

/** Targets in rounds of one for each signal: a delivery has one address a signal. */
export function roundsOf(targets: readonly FlushTarget[]): readonly (readonly FlushTarget[])[] {
  const rounds: FlushTarget[][] = [];
  for (const target of targets) {
    const round = rounds.find((one) => one.every(({ signal }) => signal !== target.signal));
    if (round === undefined) rounds.push([target]);
    else round.push(target);
  }
  return rounds;
}
