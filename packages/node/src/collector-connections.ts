import { type Agent } from 'node:http';
import { Duplex } from 'node:stream';
import { diag } from '@opentelemetry/api';
import { type IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import {
  type OTLPExporterNodeConfigBase,
  convertLegacyHttpOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { describeFailure } from './describe-failure.ts';
import { NO_ANSWER } from './flush-signal.ts';
import { RetryPauses } from './retry-pauses.ts';
import { RetryingTransport } from './retrying-transport.ts';

type AgentFactory = Extract<
  OTLPExporterNodeConfigBase['httpAgentOptions'],
  (...args: never[]) => unknown
>;

/**
 * The connections of the OTLP exporters over HTTP. An exporter goes on trying for ten seconds, and that keeps the
 * process alive: so at the end of a program a collector that refuses is given up, and when the time is up every one.
 */
export class CollectorConnections {
  readonly #abort = new AbortController();
  readonly #pauses = new RetryPauses();

  /**
   * From now on a collector is not tried again where it refuses connections, or where that would come too late.
   * @param deadline milliseconds since the Unix epoch
   */
  endBy(deadline: number): void {
    this.#pauses.endBy(deadline);
  }

  /** Breaks every connection off, and lets none be made any more. */
  giveUp(): void {
    this.#abort.abort(new Error(NO_ANSWER));
    this.#pauses.endBy(-Infinity);
  }

  /** What an exporter gets as `httpAgentOptions`: the agents that it would have made, certificates and all. */
  agentFactory(signal: 'TRACES' | 'LOGS' | 'METRICS'): AgentFactory {
    const { signal: abort } = this.#abort;
    // The exporters' own reading of OTEL_EXPORTER_OTLP_*CERTIFICATE and *_KEY; there is no other way to it yet.
    // oxlint-disable-next-line typescript/no-deprecated
    const { agentFactory } = convertLegacyHttpOptions({}, signal, '', {});
    return async (protocol) => {
      const agent = await agentFactory(protocol);
      const connect: Agent['createConnection'] = agent.createConnection.bind(agent);
      agent.createConnection = (...[options, callback]: Parameters<typeof connect>) => {
        if (abort.aborted) {
          callback?.(new Error(describeFailure(abort.reason)), new Duplex());
          return undefined;
        }
        // What the signal aborts the exporters do not try again.
        const socket = connect({ ...options, signal: abort }, callback);
        // Were the socket aborted before the request listens, its error would be uncaught.
        socket?.on('error', () => undefined);
        return socket;
      };
      return agent;
    };
  }

  /**
   * Lets the tries of an exporter be ended, and gives it back. The exporters' own pauses cannot be: the class that makes
   * them is private, and so is its place in an exporter. Where it is not found, the exporter stays as it is.
   */
  govern<T extends object>(exporter: T): T {
    const retrying = memberOf(memberOf(exporter, '_delegate'), '_transport');
    const transport = memberOf(retrying, '_transport');
    if (isObject(retrying) && isTransport(transport)) {
      Reflect.set(retrying, '_transport', new RetryingTransport(transport, this.#pauses));
    } else {
      diag.warn('milepost: the tries of an OTLP exporter cannot be ended before their time');
    }
    return exporter;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? Reflect.get(value, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isTransport(value: unknown): value is IExporterTransport {
  return (
    typeof memberOf(value, 'send') === 'function' &&
    typeof memberOf(value, 'shutdown') === 'function'
  );
}
