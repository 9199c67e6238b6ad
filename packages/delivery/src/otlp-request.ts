import { type Signal } from './signal.ts';

/** One OTLP request, serialised once: what waits, is written to disk and is sent are these bytes. */
export interface OtlpRequest {
  readonly signal: Signal;
  /**
   * The place of the request in what this process has to send of its signal: unique in the process, growing. Requests
   * that another process left keep their own.
   */
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly encoding: 'identity' | 'gzip';
  readonly contentType: 'application/json' | 'application/x-protobuf';
  /** Spans, log records or metric points in it. */
  readonly records: number;
  /** Time of its oldest record, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** A later request of the same process makes this one superfluous, as with cumulative metrics. */
  readonly isSuperseded: boolean;
}
