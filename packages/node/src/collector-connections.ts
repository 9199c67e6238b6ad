import { type Agent } from 'node:http';
import { Duplex } from 'node:stream';
import {
  type OTLPExporterNodeConfigBase,
  convertLegacyHttpOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import { describeFailure } from './describe-failure.ts';

type AgentFactory = Extract<
  OTLPExporterNodeConfigBase['httpAgentOptions'],
  (...args: never[]) => unknown
>;

/** Nobody listens there, or nobody knows where that is. */
const REFUSALS: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * The connections of the OTLP exporters over HTTP. An exporter goes on trying for ten seconds, and that keeps the
 * process alive: so at the end of a program a collector that refuses is given up, and when the time is up every one.
 */
export class CollectorConnections {
  readonly #aborts: AbortController[] = [];
  #isEnd = false;

  /** From now on a collector that refuses a connection is not tried again. */
  end(): void {
    this.#isEnd = true;
  }

  /** Breaks every connection off, and lets none be made any more. */
  giveUp(): void {
    for (const abort of this.#aborts) abort.abort(new Error('no answer in time'));
  }

  /** What an exporter gets as `httpAgentOptions`: the agents that it would have made, certificates and all. */
  agentFactory(signal: 'TRACES' | 'LOGS' | 'METRICS'): AgentFactory {
    const abort = new AbortController();
    this.#aborts.push(abort);
    // The exporters' own reading of OTEL_EXPORTER_OTLP_*CERTIFICATE and *_KEY; there is no other way to it yet.
    // oxlint-disable-next-line typescript/no-deprecated
    const { agentFactory } = convertLegacyHttpOptions({}, signal, '', {});
    return async (protocol) => {
      const agent = await agentFactory(protocol);
      const connect: Agent['createConnection'] = agent.createConnection.bind(agent);
      agent.createConnection = (...[options, callback]: Parameters<typeof connect>) => {
        if (abort.signal.aborted) {
          callback?.(new Error(describeFailure(abort.signal.reason)), new Duplex());
          return undefined;
        }
        // What the signal aborts the exporters do not try again.
        const socket = connect({ ...options, signal: abort.signal }, callback);
        // A listener of its own kind: were the socket aborted before the request listens, its error would be uncaught.
        socket?.on('error', (error: Error & { readonly code?: unknown }) => {
          if (this.#isEnd && REFUSALS.has(error.code)) abort.abort(error);
        });
        return socket;
      };
      return agent;
    };
  }
}
