import { LOSS_REASON_VALUES } from '@milepost/semconv';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { type SetAside } from './request-store.ts';
import { SIGNAL_VALUES } from './signal.ts';
import { SpoolError } from './spool-error.ts';

/** What a request's file says about its body. */
export interface RequestFileHeader extends Omit<OtlpRequest, 'body'> {
  /** When it was written, ISO 8601 UTC. */
  readonly createdAt: string;
  /** Which process wrote it. */
  readonly process: { readonly host: string; readonly pid: number };
  /** Why nobody sends it any more, among the dead letters. */
  readonly setAside?: SetAside & { readonly at: string };
}

/**
 * The header of a request that is written now.
 * @throws SpoolError `invalid_argument` where the sequence is no whole number from 0 on
 */
export function requestFileHeader(
  { body: _, ...request }: OtlpRequest,
  { host, pid }: RequestFileHeader['process'],
  now: number,
): RequestFileHeader {
  if (!Number.isSafeInteger(request.sequence) || request.sequence < 0) {
    const message = `sequence: expected a whole number from 0 on, found ${request.sequence}`;
    throw new SpoolError('invalid_argument', message);
  }
  return {
    ...request,
    records: wholeNumber(request.records, 0),
    time: wholeNumber(request.time, now),
    createdAt: new Date(now).toISOString(),
    process: { host, pid },
  };
}

/** Names of files hold whole numbers from 0 on. */
function wholeNumber(value: number, otherwise: number): number {
  const whole = Math.max(0, Math.trunc(value));
  return Number.isSafeInteger(whole) ? whole : otherwise;
}

const ENCODINGS = ['identity', 'gzip'] as const;
const CONTENT_TYPES = ['application/json', 'application/x-protobuf'] as const;

function oneOf<T extends string>(object: JsonObject, key: string, values: readonly T[]): T {
  const found = values.find((value) => value === object[key]);
  if (found === undefined) throw unexpected(object, key, values.join(', '));
  return found;
}

function text(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== 'string') throw unexpected(object, key, 'a string');
  return value;
}

function count(object: JsonObject, key: string): number {
  const value = object[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw unexpected(object, key, 'a whole number from 0 on');
  }
  return value;
}

function unexpected(object: JsonObject, key: string, expected: string): SpoolError {
  const found = JSON.stringify(object[key]) ?? 'nothing';
  return new SpoolError('damaged', `header: ${key}: expected ${expected}, found ${found}`);
}

function part(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (!isJsonObject(value)) throw unexpected(object, key, 'an object');
  return value;
}

function setAsideOf(object: JsonObject): SetAside & { readonly at: string } {
  return {
    reason: oneOf(object, 'reason', LOSS_REASON_VALUES),
    ...(object['status'] === undefined ? {} : { status: count(object, 'status') }),
    message: text(object, 'message'),
    at: text(object, 'at'),
  };
}

/**
 * Reads the header of a request's file.
 * @throws SpoolError `damaged` where a field is missing or not what it should be
 */
export function readRequestFileHeader(json: string): RequestFileHeader {
  const object = parsed(json);
  const process = part(object, 'process');
  return {
    signal: oneOf(object, 'signal', SIGNAL_VALUES),
    sequence: count(object, 'sequence'),
    records: count(object, 'records'),
    time: count(object, 'time'),
    encoding: oneOf(object, 'encoding', ENCODINGS),
    contentType: oneOf(object, 'contentType', CONTENT_TYPES),
    isSuperseded: object['isSuperseded'] === true,
    createdAt: text(object, 'createdAt'),
    process: { host: text(process, 'host'), pid: count(process, 'pid') },
    ...(object['setAside'] === undefined ? {} : { setAside: setAsideOf(part(object, 'setAside')) }),
  };
}

function parsed(json: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new SpoolError('damaged', 'header: expected JSON', { cause: error });
  }
  if (!isJsonObject(value)) throw new SpoolError('damaged', 'header: expected an object');
  return value;
}
