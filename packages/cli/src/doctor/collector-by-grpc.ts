import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Signal, otlpDestination } from '@milepost/delivery';
import { type CliIo } from '../cli-io.ts';
import { type GrpcAnswer, type GrpcQuestion, askByGrpc } from './ask-by-grpc.ts';
import { ENDPOINT, todoAboutConnection } from './collector-todo.ts';
import { type DoctorFinding, fine, messageOf, noteworthy, wrong } from './finding.ts';
import { type GrpcProxy, grpcProxyOf } from './grpc-proxy.ts';
import { otlpSetting } from './otlp-setting.ts';

const DEFAULT_ENDPOINT = 'http://localhost:4317';
const DEFAULT_PORT = '443';
const HTTP_PORT = '4318';
const SCHEME = /^\w{1,8}:\/\//;
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

/**
 * The address as the exporters read it: what its scheme does not say of TLS, the environment does. Without a port it is 443,
 * also where there is no TLS.
 */
function originOf(env: CliIo['env'], signal: Signal): URL {
  const named = otlpSetting(env, signal, 'ENDPOINT') ?? DEFAULT_ENDPOINT;
  const { protocol, hostname, port } = new URL(SCHEME.test(named) ? named : `none://${named}`);
  const isInsecure =
    protocol === 'http:' ||
    (protocol !== 'https:' && otlpSetting(env, signal, 'INSECURE')?.toLowerCase() === 'true');
  return new URL(`${isInsecure ? 'http' : 'https'}://${hostname}:${port || DEFAULT_PORT}`);
}

interface Certificates {
  readonly tls: GrpcQuestion['tls'];
  /** About files that cannot be read: the exporters go on without them. */
  readonly findings: readonly DoctorFinding[];
}

async function certificatesOf({ env, cwd }: CliIo, signal: Signal): Promise<Certificates> {
  const findings: DoctorFinding[] = [];
  const read = async (name: string): Promise<Buffer | undefined> => {
    const path = otlpSetting(env, signal, name);
    try {
      return path === undefined ? undefined : await readFile(resolve(cwd, path));
    } catch (error) {
      const message = `${signal} are sent without OTEL_EXPORTER_OTLP_${name}: ${messageOf(error)}`;
      const todo = `Let OTEL_EXPORTER_OTLP_${name} name a file that can be read, or unset it.`;
      findings.push(noteworthy('collector', message, todo));
      return undefined;
    }
  };
  const [ca, cert, key] = await Promise.all([
    read('CERTIFICATE'),
    read('CLIENT_CERTIFICATE'),
    read('CLIENT_KEY'),
  ]);
  // One of the two alone is none.
  return { tls: { ...(ca && { ca }), ...(cert && key && { cert, key }) }, findings };
}

async function ask(question: Omit<GrpcQuestion, 'headers' | 'timeoutMs'>): Promise<GrpcAnswer> {
  const destination = otlpDestination(question.signal, { url: UNUSED_URL });
  try {
    const { headers, timeoutMs } = await destination.resolve();
    return await askByGrpc({ ...question, headers, timeoutMs });
  } finally {
    destination.close();
  }
}

function todoAbout(url: URL, answer: GrpcAnswer, proxy: GrpcProxy | undefined): string {
  if (answer.kind === 'forbidden_header') {
    return 'Take that header out of OTEL_EXPORTER_OTLP_HEADERS: over gRPC nothing is sent with it.';
  }
  if (answer.kind === 'proxy_failed') {
    return `Look at the proxy that ${proxy?.variable ?? 'the environment'} names, or name the collector in no_grpc_proxy.`;
  }
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

/** Whether a collector takes a signal by gRPC, as the exporters would send it. */
export async function checkByGrpc(signal: Signal, io: CliIo): Promise<readonly DoctorFinding[]> {
  let url: URL;
  let proxy: GrpcProxy | undefined;
  let answer: GrpcAnswer;
  let certificates: Certificates = { tls: {}, findings: [] };
  try {
    url = originOf(io.env, signal);
    if (url.protocol === 'https:') certificates = await certificatesOf(io, signal);
    proxy = grpcProxyOf(url.hostname.replaceAll(/[[\]]/g, ''), io.env);
    answer = await ask({ signal, origin: url.origin, proxy, tls: certificates.tls });
  } catch (error) {
    const message = `${signal} cannot be sent: ${messageOf(error)}`;
    return [wrong('collector', message, `Set ${ENDPOINT} and the certificates right.`)];
  }
  const through = proxy === undefined ? '' : `, through the proxy of ${proxy.variable}`;
  const name = `${url.origin} (gRPC${through})`;
  const { findings } = certificates;
  if (answer.kind === 'answered' && answer.status === OK) {
    return [...findings, fine('collector', `${name} takes ${signal}`)];
  }
  const said =
    answer.kind === 'answered' ? [NAMES.get(answer.status) ?? `status ${answer.status}`] : [];
  const why = [...said, ...(answer.message === '' ? [] : [answer.message])].join(': ');
  const message = `${name} does not take ${signal}: ${why}`;
  return [...findings, wrong('collector', message, todoAbout(url, answer, proxy))];
}
