import { diag } from '@opentelemetry/api';
import { type JobEnvelope } from '@milepost/core';
import { guarded } from '@milepost/core/hooks';
import { smallerEnvelopes } from './smaller-envelopes.ts';

const ENVELOPE_HEADER = 'milepost-job';
// nginx and Apache take no header above 8 KiB, Node.js no more than 16 KiB of all together.
const MAX_VALUE_BYTES = 8000;
let isCutSaid = false;
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
 *
 * At most 8,000 bytes, as servers refuse larger headers: of an envelope that needs more, the fields of run and stage are left
 * out, and if need be the declared stages and the source. Who ends such a run does it best where it was begun.
 */
export function jobHeaders(job: JobEnvelope): JobHeaders {
  return {
    [ENVELOPE_HEADER]: headerValue(job),
    ...(job.traceparent !== undefined && { traceparent: job.traceparent }),
  };
}

function headerValue(job: JobEnvelope): string {
  let value = asciiJson(job);
  if (value.length <= MAX_VALUE_BYTES) return value;
  sayCut(job);
  for (const smaller of smallerEnvelopes(job)) {
    value = asciiJson(smaller);
    if (value.length <= MAX_VALUE_BYTES) break;
  }
  return value;
}

function sayCut({ name }: JobEnvelope): void {
  if (isCutSaid) return;
  isCutSaid = true;
  const message = `milepost: the envelope of a job (${name}) is too large for a header, and cut`;
  guarded('a warning', () => diag.warn(message), undefined);
}

function asciiJson(job: JobEnvelope): string {
  return JSON.stringify(job).replaceAll(NOT_IN_A_HEADER, escaped);
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
