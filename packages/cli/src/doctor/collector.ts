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
import { checkByGrpc } from './collector-by-grpc.ts';
import { ENDPOINT, todoAboutCollector } from './collector-todo.ts';
import { type DoctorFinding, fine, messageOf, noteworthy, wrong } from './finding.ts';
import { otlpSetting } from './otlp-setting.ts';

const PROTOCOLS: ReadonlySet<string> = new Set(['http/json', 'http/protobuf']);

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
  const protocol = otlpSetting(io.env, signal, 'PROTOCOL') ?? 'http/json';
  if (protocol === 'grpc') return checkByGrpc(signal, io);
  const findings: readonly DoctorFinding[] = PROTOCOLS.has(protocol)
    ? []
    : [
        noteworthy(
          'collector',
          `"${protocol}" is no protocol of OTLP: ${signal} go by http/protobuf`,
          'Set OTEL_EXPORTER_OTLP_PROTOCOL to http/json, http/protobuf or grpc.',
        ),
      ];
  return [...findings, ...(await checkHttp(signal, protocol, io))];
}

async function checkHttp(
  signal: Signal,
  protocol: string,
  io: CliIo,
): Promise<readonly DoctorFinding[]> {
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
    return [
      wrong('collector', `${signal} cannot be sent: ${messageOf(error)}`, `Set ${ENDPOINT} right.`),
    ];
  }
  const outcome = await askAbout(destination, io.now());
  const url = publicUrl(destination.url);
  try {
    if (outcome.kind !== 'accepted') {
      const message = `${url} does not take ${signal}: ${outcome.message}`;
      return [wrong('collector', message, todoAboutCollector(destination, outcome))];
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
