import { type ExportResponse, type IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import { type RetryPauses } from './retry-pauses.ts';

// As the exporters' own.
const MAX_RETRIES = 5;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 5_000;
const GROWTH = 1.5;
const JITTER = 0.2;

/** Nobody listens there, or nobody knows where that is. */
const REFUSALS: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Sends and tries again as the OTLP exporters do: five times, as long as the time for one export lasts, and when the
 * collector says so. Unlike theirs its pauses can be cut. It never answers `retryable`, so they do not try on their own.
 */
export class RetryingTransport implements IExporterTransport {
  readonly #transport: IExporterTransport;
  readonly #pauses: RetryPauses;

  constructor(transport: IExporterTransport, pauses: RetryPauses) {
    this.#transport = transport;
    this.#pauses = pauses;
  }

  async send(data: Uint8Array, timeoutMillis: number): Promise<ExportResponse> {
    const deadline = Date.now() + timeoutMillis;
    let response = await this.#transport.send(data, timeoutMillis);
    for (let retry = 0; response.status === 'retryable' && retry < MAX_RETRIES; retry++) {
      const pauseMs = Math.max(0, response.retryInMillis ?? pauseBefore(retry));
      if (Date.now() + pauseMs > deadline) break;
      const goesOn = await this.#pauses.wait(pauseMs, isRefusal(response.error));
      if (!goesOn) break;
      response = await this.#transport.send(data, Math.max(1, deadline - Date.now()));
    }
    if (response.status !== 'retryable') return response;
    const error = response.error ?? new Error('the collector is busy and asks to be tried later');
    return { status: 'failure', error };
  }

  shutdown(): void {
    this.#transport.shutdown();
  }
}

function pauseBefore(retry: number): number {
  const jitter = 1 + JITTER * (2 * Math.random() - 1);
  return Math.min(FIRST_PAUSE_MS * GROWTH ** retry * jitter, MAX_PAUSE_MS);
}

function isRefusal(error: Error | undefined): boolean {
  return error !== undefined && 'code' in error && REFUSALS.has(error.code);
}
