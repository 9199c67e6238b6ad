import { type LossReason } from '@milepost/semconv';
import { type OtlpRequest } from './otlp-request.ts';

/** What became of one try to send a request. */
export type SendOutcome =
  /** Taken by the collector, but for `rejected` records (OTLP's partial success). */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message?: string }
  /** Not taken now: to be tried again. */
  | {
      readonly kind: 'unavailable';
      readonly message: string;
      /** Nobody listens there. */
      readonly isRefused: boolean;
      /** The server answered nothing at all: whether it took the request is not known. */
      readonly isUnanswered: boolean;
      /** The server's wish (`Retry-After`). */
      readonly retryAfterMs?: number;
      /** HTTP status, where there was one. */
      readonly status?: number;
      /** What Node.js calls the failure, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`, where it has a name. */
      readonly code?: string;
    }
  /** Never to be tried again as it is. */
  | {
      readonly kind: 'refused';
      readonly reason: Extract<LossReason, 'rejected' | 'unauthorized'>;
      readonly status: number;
      readonly message: string;
    }
  /** To be split. */
  | { readonly kind: 'too_large'; readonly status: number; readonly message: string };

/** Sends requests of one signal to its collector. */
export interface Transport {
  /**
   * One try. Never rejects. Takes at most the exporter's timeout; `cut` ends it before.
   * An open try does not keep the process alive, unless `holdsProcess` is called for.
   */
  send(request: OtlpRequest, cut: AbortSignal): Promise<SendOutcome>;
  /** From now on open tries keep the process alive (a flush waits for them), or do not. */
  holdProcess(holds: boolean): void;
  close(): void;
}
