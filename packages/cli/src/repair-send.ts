import { join, resolve } from 'node:path';
import {
  type HttpProtocol,
  type OtlpDestination,
  type RequestFate,
  type Signal,
  openDelivery,
  otlpDestination,
  publicUrl,
  serializerOf,
} from '@milepost/delivery';
import { type RepairedSpan } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { logRecord, spanRecord } from './repair-records.ts';
import { type RepairResources } from './repair-resources.ts';

/** How spans are sent. */
export interface RepairSendOptions {
  readonly env: CliIo['env'];
  /** Of the registry: what the collector does not take waits in its spool. */
  readonly root: string;
  readonly resources: RepairResources;
  readonly timeoutMs: number;
  /** In milliseconds since the Unix epoch. */
  readonly now: number;
}

/** What became of what was sent. */
export interface RepairSent {
  /** Address of the spans, without what may be a secret. */
  readonly url: string;
  readonly spans: RequestFate;
  readonly logs: RequestFate;
  /** What the last failed try said. */
  readonly error: string | undefined;
}

/** @throws {CliError} for a protocol that this program does not speak */
function protocolOf(signal: Signal, env: CliIo['env']): HttpProtocol {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`];
  const named = (own || env['OTEL_EXPORTER_OTLP_PROTOCOL'] || 'http/json').trim();
  if (named === 'http/json' || named === 'http/protobuf') return named;
  throw new CliError(
    `${signal} cannot be sent over "${named}": expected http/json or http/protobuf in OTEL_EXPORTER_OTLP_PROTOCOL, and the address of OTLP over HTTP`,
  );
}

/** @throws {CliError} where the environment names something that is no address */
function destinationOf(signal: Signal, env: CliIo['env']): OtlpDestination {
  const protocol = protocolOf(signal, env);
  try {
    return otlpDestination(signal, { protocol });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(`${signal} cannot be sent: ${why}`);
  }
}

function spoolDirectory(root: string, env: CliIo['env']): string | undefined {
  const named = (env['MILEPOST_SPOOL'] ?? '').trim();
  if (named === 'off') return undefined;
  return named === '' ? join(root, '.milepost', 'spool') : resolve(named);
}

/**
 * Sends spans and milestones that processes never sent, to where the environment says. What the collector does not take
 * waits on disk, as what a pipeline sends.
 * @throws {CliError}
 */
export async function sendRepaired(
  repaired: readonly RepairedSpan[],
  { env, root, resources, timeoutMs, now }: RepairSendOptions,
): Promise<RepairSent> {
  const destinations = {
    traces: destinationOf('traces', env),
    logs: destinationOf('logs', env),
    metrics: otlpDestination('metrics', {}),
  };
  const spans = repaired.map((span) => spanRecord(span, resources));
  const logs = repaired.map((span) => logRecord(span, resources, now));
  const bodies = [
    ['traces', serializerOf('traces', destinations.traces.protocol).serializeRequest(spans)],
    ['logs', serializerOf('logs', destinations.logs.protocol).serializeRequest(logs)],
  ] as const;
  const delivery = openDelivery({ destinations, spoolDirectory: spoolDirectory(root, env) });
  const fates = bodies.map(([signal, body]) =>
    delivery.add({
      signal,
      body: body ?? new Uint8Array(),
      encoding: 'identity',
      contentType: destinations[signal].contentType,
      records: repaired.length,
      // Now, however old they are: whoever sends them wants them sent.
      time: now,
      isSuperseded: false,
    }),
  );
  const report = await delivery.shutdown({ timeoutMs });
  const [ofSpans = 'lost', ofLogs = 'lost'] = await Promise.all(fates);
  return {
    url: publicUrl(destinations.traces.url),
    spans: ofSpans,
    logs: ofLogs,
    error: report.traces.error ?? report.logs.error,
  };
}
