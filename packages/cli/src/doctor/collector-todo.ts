import { type OtlpDestination, type SendOutcome } from '@milepost/delivery';

/** The variable that names the collector. */
export const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const GRPC_PORT = '4317';

/** What Node.js calls a certificate that nobody it knows has signed. */
const UNKNOWN_CERTIFICATE: ReadonlySet<string | undefined> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** The name cannot be found, now or at all. */
const UNKNOWN_NAME: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'EAI_AGAIN']);

/**
 * About a name that nobody knows, or a failure to speak TLS; undefined for every other.
 * @param protocol of the address: `http:` or `https:`
 * @param code what Node.js calls the failure
 */
export function todoAboutConnection(
  protocol: string,
  code: string | undefined,
): string | undefined {
  if (UNKNOWN_NAME.has(code)) {
    return `Look whether the name in ${ENDPOINT} is right, and known here.`;
  }
  if (UNKNOWN_CERTIFICATE.has(code)) {
    return 'Name the file of the certificate that signed it with OTEL_EXPORTER_OTLP_CERTIFICATE.';
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `Name the collector with ${ENDPOINT} as its certificate does.`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return 'Renew the certificate of the collector, and look at the clocks of both machines.';
  }
  if (protocol === 'https:' && (code === 'EPROTO' || code?.startsWith('ERR_SSL_') === true)) {
    return `What listens there seems to speak no TLS: name it with http:// in ${ENDPOINT}.`;
  }
  return undefined;
}

function todoAboutUnavailable(
  { signal, url }: Pick<OtlpDestination, 'signal' | 'url'>,
  { isRefused, isUnanswered, status, code }: Extract<SendOutcome, { kind: 'unavailable' }>,
): string {
  const { protocol } = new URL(url);
  const aboutConnection = todoAboutConnection(protocol, code);
  if (aboutConnection !== undefined) return aboutConnection;
  if (isRefused) return `Start the collector, or name another with ${ENDPOINT}.`;
  if (status === 404) {
    return `Look whether the collector has a pipeline for ${signal}, and whether ${ENDPOINT} names its port for OTLP over HTTP, without /v1/…`;
  }
  if (status === undefined) {
    const tls = protocol === 'http:' && isUnanswered ? ', or wants https://' : '';
    return `Look whether what listens there is a collector's port for OTLP over HTTP (that of gRPC is another)${tls}, and what stands between; else name another with ${ENDPOINT}.`;
  }
  if (status < 400) {
    return `Something else answers there, such as a proxy or a login: look what stands between, and whether ${ENDPOINT} names the collector itself.`;
  }
  return "Look at the collector's log; until it takes this, telemetry waits on disk.";
}

/** What to do about an answer to one signal that is no success. */
export function todoAboutCollector(
  destination: Pick<OtlpDestination, 'signal' | 'url'>,
  outcome: Exclude<SendOutcome, { kind: 'accepted' }>,
): string {
  if (new URL(destination.url).port === GRPC_PORT) {
    return `${GRPC_PORT} is the port of gRPC: name that of HTTP, 4318, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc.`;
  }
  switch (outcome.kind) {
    case 'unavailable':
      return todoAboutUnavailable(destination, outcome);
    case 'refused':
      // So Go, nginx and others answer who speaks no TLS to them.
      if (new URL(destination.url).protocol === 'http:' && /\bHTTPS\b/.test(outcome.message)) {
        return `What listens there wants TLS: name it with https:// in ${ENDPOINT}.`;
      }
      return outcome.reason === 'unauthorized'
        ? 'Put what the collector asks for into OTEL_EXPORTER_OTLP_HEADERS.'
        : 'Look whether the collector has a receiver of OTLP and a pipeline for this signal.';
    case 'too_large':
      return 'Look at the limits of the collector and of what stands between.';
    default:
      throw new TypeError(`unknown outcome: ${String(outcome satisfies never)}`);
  }
}
