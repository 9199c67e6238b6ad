import { type JobEnvelope } from '@milepost/core';

const ENVELOPE_HEADER = 'milepost-job';
const NOT_IN_A_HEADER = /[^\u0020-\u007e]/g;

/** HTTP headers that carry a job. */
export interface JobHeaders {
  /** The envelope as JSON, in ASCII. */
  readonly 'milepost-job': string;
  /** W3C trace context, for whoever knows no more: the span under which the job's span hangs. */
  readonly traceparent?: string;
}

/** Headers as `fetch` or a server of `node:http` has them. */
export type GivenHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * HTTP headers with which a server goes on with a run: `fetch(url, { headers: jobHeaders(createJob({ name: 'render' })) })`.
 * The server gives {@link jobFromHeaders} to `withJob`.
 */
export function jobHeaders(job: JobEnvelope): JobHeaders {
  return {
    [ENVELOPE_HEADER]: JSON.stringify(job).replaceAll(NOT_IN_A_HEADER, escaped),
    ...(job.traceparent !== undefined && { traceparent: job.traceparent }),
  };
}

/**
 * The envelope that a request carries, for `withJob` of `@milepost/core`, which takes whatever came. Only from callers who
 * may name the run of what they ask for.
 * @returns undefined where there is none
 */
export function jobFromHeaders(headers: GivenHeaders): unknown {
  const carried = isFetchHeaders(headers)
    ? (headers.get(ENVELOPE_HEADER) ?? undefined)
    : headers[ENVELOPE_HEADER];
  return typeof carried === 'string' ? carried : undefined;
}

function isFetchHeaders(
  headers: GivenHeaders,
): headers is Extract<GivenHeaders, { get(name: string): string | null }> {
  return typeof headers['get'] === 'function';
}

/** One UTF-16 unit as JSON escapes it. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
