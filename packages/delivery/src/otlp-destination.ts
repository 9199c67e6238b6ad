import { diag } from '@opentelemetry/api';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import {
  type OTLPExporterNodeConfigBase,
  convertLegacyHttpOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { type OtlpRequest } from './otlp-request.ts';
import { publicUrl } from './public-url.ts';
import { type ResolvedDestination } from './resolved-destination.ts';
import { type HttpProtocol } from './serializer.ts';
import { type Signal } from './signal.ts';
import { userAgent } from './user-agent.ts';

/**
 * Where one signal goes. What is not set comes from `OTEL_EXPORTER_OTLP_*`, read as the SDK's exporters read them,
 * and what is not there either is their default.
 */
export interface OtlpDestinationConfig extends Pick<
  OTLPExporterNodeConfigBase,
  'url' | 'headers' | 'timeoutMillis' | 'keepAlive' | 'httpAgentOptions' | 'userAgent'
> {
  /** Default `http/json`. */
  readonly protocol?: HttpProtocol;
  readonly compression?: 'none' | 'gzip';
}

/** Where one signal goes: made by {@link otlpDestination}. */
export interface OtlpDestination {
  readonly signal: Signal;
  readonly url: string;
  readonly protocol: HttpProtocol;
  readonly contentType: OtlpRequest['contentType'];
  /** Time for one request, in milliseconds: to connect, to send and to be answered. */
  readonly timeoutMs: number;
  /** The last that `resolve` gave. A process that ends has no time to ask again. */
  readonly resolved: ResolvedDestination | undefined;
  /**
   * Asks for the headers, which may be those of a new token each time, and makes the agent, which is one for good.
   * @throws what the user's own functions for headers and agent throw, and TypeError where the URL is not one of HTTP
   */
  resolve(): Promise<ResolvedDestination>;
  /** Gives the connections back, but not those of an agent that the user made. */
  close(): void;
}

const CONTENT_TYPES = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
} as const;

const ENVIRONMENT_NAMES = { traces: 'TRACES', logs: 'LOGS', metrics: 'METRICS' } as const;

/**
 * Where a signal goes: by the environment, but for what `config` says.
 * @throws Error for a `url` that is none, and for a `timeoutMillis` that is not above 0
 */
export function otlpDestination(
  signal: Signal,
  config: OtlpDestinationConfig = {},
): OtlpDestination {
  const { protocol = 'http/json', compression, ...rest } = config;
  // The exporters' own reading of OTEL_EXPORTER_OTLP_*; there is no other way to it yet.
  // oxlint-disable-next-line typescript/no-deprecated
  const options = convertLegacyHttpOptions(
    { ...rest, ...(compression !== undefined && { compression: algorithm(compression) }) },
    ENVIRONMENT_NAMES[signal],
    `v1/${signal}`,
    {},
  );
  const { url, timeoutMillis: timeoutMs } = options;
  const { protocol: scheme } = new URL(url);
  const isHttp = scheme === 'http:' || scheme === 'https:';
  // Whoever writes `localhost:4318` has given the scheme "localhost:".
  const wrongUrl = `${signal} cannot be sent to "${publicUrl(url)}": expected a URL that begins with http:// or https://`;
  if (!isHttp) diag.error(`milepost: ${wrongUrl}`);

  let agent: Promise<ResolvedDestination['agent']> | undefined;
  let resolved: ResolvedDestination | undefined;
  const resolve = async (): Promise<ResolvedDestination> => {
    if (!isHttp) throw new TypeError(wrongUrl);
    agent ??= Promise.resolve(options.agentFactory(scheme)).catch((error: unknown) => {
      agent = undefined;
      throw error;
    });
    const [headers, made] = await Promise.all([options.headers(), agent]);
    resolved = {
      url,
      headers: { ...inLowerCase(headers), 'user-agent': userAgent(options.userAgent) },
      agent: made,
      compression: options.compression,
      timeoutMs,
    };
    return resolved;
  };
  return {
    signal,
    url,
    protocol,
    contentType: CONTENT_TYPES[protocol],
    timeoutMs,
    get resolved() {
      return resolved;
    },
    resolve,
    close: () => {
      if (typeof config.httpAgentOptions !== 'function') resolved?.agent.destroy();
    },
  };
}

function algorithm(compression: 'none' | 'gzip'): CompressionAlgorithm {
  return compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
}

function inLowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
