import {
  HttpTransport,
  type OtlpDestination,
  type OtlpRequest,
  type SendOutcome,
  type Signal,
  otlpDestination,
  publicUrl,
} from '@milepost/delivery';
import { type CliIo } from '../cli-io.ts';
import { SIGNALS } from '../record-counts.ts';
import { checkClock } from './clock.ts';
import { type DoctorFinding, fine, noteworthy, wrong } from './finding.ts';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const GRPC_PORT = '4317';

const EMPTY_JSON = {
  traces: '{"resourceSpans":[]}',
  logs: '{"resourceLogs":[]}',
  metrics: '{"resourceMetrics":[]}',
} as const;

/** A request that holds nothing: valid OTLP, and nothing that would be kept. */
function emptyRequest({ signal, contentType }: OtlpDestination, time: number): OtlpRequest {
  return {
    signal,
    sequence: 0,
    // In protobuf a message without fields has no bytes.
    body: Buffer.from(contentType === 'application/json' ? EMPTY_JSON[signal] : ''),
    encoding: 'identity',
    contentType,
    records: 0,
    time,
    isSuperseded: false,
  };
}

/** A variable of one signal, else that of all. */
function setting(env: CliIo['env'], signal: Signal, name: string): string | undefined {
  const own = env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`]?.trim();
  return own || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim() || undefined;
}

/** What to do about an answer that is no success. */
function todoAbout(
  { signal, url }: OtlpDestination,
  outcome: Exclude<SendOutcome, { kind: 'accepted' }>,
): string {
  if (new URL(url).port === GRPC_PORT) {
    return `${GRPC_PORT} is the port of gRPC: name that of HTTP, 4318, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc.`;
  }
  switch (outcome.kind) {
    case 'unavailable':
      if (outcome.isRefused) return `Start the collector, or name another with ${ENDPOINT}.`;
      if (outcome.status === 404) {
        return `Look whether the collector has a pipeline for ${signal}, and whether ${ENDPOINT} names its port for OTLP over HTTP, without /v1/…`;
      }
      return outcome.status === undefined
        ? `Look whether what listens there is a collector's port for OTLP over HTTP (that of gRPC is another), and what stands between; else name another with ${ENDPOINT}.`
        : "Look at the collector's log; until it takes this, telemetry waits on disk.";
    case 'refused':
      return outcome.reason === 'unauthorized'
        ? 'Put what the collector asks for into OTEL_EXPORTER_OTLP_HEADERS.'
        : 'Look whether the collector has a receiver of OTLP and a pipeline for this signal.';
    case 'too_large':
      return 'Look at the limits of the collector and of what stands between.';
    default:
      throw new TypeError(`unknown outcome: ${String(outcome satisfies never)}`);
  }
}

async function askAbout(destination: OtlpDestination, now: number): Promise<SendOutcome> {
  const transport = new HttpTransport(destination);
  transport.holdProcess(true);
  return transport.send(emptyRequest(destination, now), new AbortController().signal);
}

async function checkSignal(signal: Signal, io: CliIo): Promise<readonly DoctorFinding[]> {
  const exporters = io.env[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() ?? '';
  if (exporters !== '' && !exporters.split(',').some((name) => name.trim() === 'otlp')) {
    const variable = `OTEL_${signal.toUpperCase()}_EXPORTER`;
    return [
      noteworthy(
        'collector',
        `${signal} go to "${exporters}", not to a collector`,
        `Unset ${variable}, or add otlp to it.`,
      ),
    ];
  }
  const protocol = setting(io.env, signal, 'PROTOCOL') ?? 'http/json';
  if (protocol === 'grpc') {
    return [
      noteworthy(
        'collector',
        `${signal} go over gRPC, by which this command does not ask`,
        'To ask over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, with the port of HTTP, 4318.',
      ),
    ];
  }
  let destination: OtlpDestination;
  try {
    destination = otlpDestination(signal, {
      protocol: protocol === 'http/json' ? protocol : 'http/protobuf',
    });
    if (!/^https?:$/.test(new URL(destination.url).protocol)) {
      throw new TypeError(
        `"${publicUrl(destination.url)}" does not begin with http:// or https://`,
      );
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [wrong('collector', `${signal} cannot be sent: ${why}`, `Set ${ENDPOINT} right.`)];
  }
  const outcome = await askAbout(destination, io.now());
  const url = publicUrl(destination.url);
  try {
    if (outcome.kind !== 'accepted') {
      const message = `${url} does not take ${signal}: ${outcome.message}`;
      return [wrong('collector', message, todoAbout(destination, outcome))];
    }
    const clock = signal === 'traces' ? await checkClock(destination, io.now) : [];
    return [fine('collector', `${url} takes ${signal}`), ...clock];
  } finally {
    destination.close();
  }
}

/** Whether a collector is there and takes each signal: sends it valid requests that hold nothing. */
export async function checkCollector(io: CliIo): Promise<readonly DoctorFinding[]> {
  if (io.env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') {
    return [
      wrong('collector', 'OTEL_SDK_DISABLED is true: nothing is sent', 'Unset OTEL_SDK_DISABLED.'),
    ];
  }
  return (await Promise.all(SIGNALS.map((signal) => checkSignal(signal, io)))).flat();
}
