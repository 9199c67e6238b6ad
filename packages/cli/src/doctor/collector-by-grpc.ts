import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Signal, otlpDestination } from '@milepost/delivery';
import { type CliIo } from '../cli-io.ts';
import { type GrpcAnswer, askByGrpc } from './ask-by-grpc.ts';
import { ENDPOINT, todoAboutConnection } from './collector-todo.ts';
import { type DoctorFinding, fine, messageOf, wrong } from './finding.ts';
import { otlpSetting } from './otlp-setting.ts';

const DEFAULT_ENDPOINT = 'http://localhost:4317';
const HTTP_PORT = '4318';
/** Headers alone are asked for: the address is that of gRPC. */
const UNUSED_URL = 'http://localhost:4318';

const OK = 0;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;
const UNAUTHENTICATED = 16;
/** What went wrong there, by code of gRPC, where its name says more than its number. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [4, 'DEADLINE_EXCEEDED'],
  [PERMISSION_DENIED, 'PERMISSION_DENIED'],
  [8, 'RESOURCE_EXHAUSTED'],
  [UNIMPLEMENTED, 'UNIMPLEMENTED'],
  [13, 'INTERNAL'],
  [14, 'UNAVAILABLE'],
  [UNAUTHENTICATED, 'UNAUTHENTICATED'],
]);

/** The address as the exporters read it: without a scheme it is one with TLS, unless the environment wants none. */
function originOf(env: CliIo['env'], signal: Signal): URL {
  const named = otlpSetting(env, signal, 'ENDPOINT') ?? DEFAULT_ENDPOINT;
  if (/^\w{1,8}:\/\//.test(named)) return new URL(named);
  const isInsecure = otlpSetting(env, signal, 'INSECURE')?.toLowerCase() === 'true';
  return new URL(`${isInsecure ? 'http' : 'https'}://${named}`);
}

async function fileOf(io: CliIo, signal: Signal, name: string): Promise<Buffer | undefined> {
  const path = otlpSetting(io.env, signal, name);
  return path === undefined ? undefined : readFile(resolve(io.cwd, path));
}

async function tlsOf(io: CliIo, signal: Signal): Promise<Record<string, Buffer>> {
  const [ca, cert, key] = await Promise.all([
    fileOf(io, signal, 'CERTIFICATE'),
    fileOf(io, signal, 'CLIENT_CERTIFICATE'),
    fileOf(io, signal, 'CLIENT_KEY'),
  ]);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function ask(signal: Signal, url: URL, io: CliIo): Promise<GrpcAnswer> {
  const destination = otlpDestination(signal, { url: UNUSED_URL });
  try {
    const { headers, timeoutMs } = await destination.resolve();
    return await askByGrpc({
      signal,
      origin: url.origin,
      headers,
      timeoutMs,
      tls: await tlsOf(io, signal),
    });
  } finally {
    destination.close();
  }
}

function todoAbout(url: URL, answer: GrpcAnswer): string {
  if (url.port === HTTP_PORT) {
    return `${HTTP_PORT} is the port of HTTP: name that of gRPC, 4317, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.`;
  }
  if (answer.kind === 'failed') {
    return (
      todoAboutConnection(url.protocol, answer.code) ??
      (answer.code === 'ECONNREFUSED'
        ? `Start the collector, or name another with ${ENDPOINT}.`
        : `Look whether what listens there is a collector's port for OTLP over gRPC, with TLS or without as ${ENDPOINT} says (https:// or http://).`)
    );
  }
  switch (answer.status) {
    case UNIMPLEMENTED:
      return 'Look whether the collector has a receiver of OTLP and a pipeline for this signal.';
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return 'Put what the collector asks for into OTEL_EXPORTER_OTLP_HEADERS.';
    default:
      return "Look at the collector's log. Over gRPC what it does not take is lost after ten seconds: over HTTP it waits on disk.";
  }
}

/** Whether a collector takes a signal by gRPC. */
export async function checkByGrpc(signal: Signal, io: CliIo): Promise<readonly DoctorFinding[]> {
  let url: URL;
  let answer: GrpcAnswer;
  try {
    url = originOf(io.env, signal);
    answer = await ask(signal, url, io);
  } catch (error) {
    const message = `${signal} cannot be sent: ${messageOf(error)}`;
    return [wrong('collector', message, `Set ${ENDPOINT} and the certificates right.`)];
  }
  const name = `${url.origin} (gRPC)`;
  if (answer.kind === 'answered' && answer.status === OK) {
    return [fine('collector', `${name} takes ${signal}`)];
  }
  const said =
    answer.kind === 'failed' ? [] : [NAMES.get(answer.status) ?? `status ${answer.status}`];
  const why = [...said, ...(answer.message === '' ? [] : [answer.message])].join(': ');
  return [wrong('collector', `${name} does not take ${signal}: ${why}`, todoAbout(url, answer))];
}
