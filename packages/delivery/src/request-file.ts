import { crc32 } from 'node:zlib';
import { type OtlpRequest } from './otlp-request.ts';
import { type RequestFileHeader, readRequestFileHeader } from './request-file-header.ts';
import { SpoolError } from './spool-error.ts';

// The format: one line `milepost-otlp {crc32} {version} {header length} {body length}`, a header in JSON and a newline,
// the body. The checksum is of everything behind it, so that any cut and any flipped bit shows; what it covers stays the
// same in every version.

const MAGIC = 'milepost-otlp';
const VERSION = 1;
const FIRST_LINE = /^milepost-otlp ([0-9a-f]{8}) ([1-9]\d{0,5}) (0|[1-9]\d{0,8}) (0|[1-9]\d{0,9})$/;
const LONGEST_FIRST_LINE = 64;
const NEWLINE = 0x0a;

/** A request as its file holds it. */
export interface RequestFile {
  readonly header: RequestFileHeader;
  readonly body: Uint8Array;
}

function checksum(text: string, header: Uint8Array, body: Uint8Array): string {
  const sum = crc32(body, crc32(header, crc32(text)));
  return sum.toString(16).padStart(8, '0');
}

/**
 * What is written in front of a request's body.
 * @returns bytes that, with the body behind them, are the file
 */
export function requestFileHead(header: RequestFileHeader, body: Uint8Array): Uint8Array {
  const json = Buffer.from(`${JSON.stringify(header)}\n`);
  const rest = ` ${VERSION} ${json.length} ${body.length}\n`;
  return Buffer.concat([Buffer.from(`${MAGIC} ${checksum(rest, json, body)}${rest}`), json]);
}

/**
 * Reads a request's file.
 * @throws SpoolError `damaged` where it is not exactly what was written, `unknown_version` where it is, by a later version
 */
export function parseRequestFile(content: Uint8Array): RequestFile {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const lineEnd = bytes.subarray(0, LONGEST_FIRST_LINE).indexOf(NEWLINE);
  const line = bytes.toString('latin1', 0, Math.max(lineEnd, 0));
  const [, expected, version, headerLength, bodyLength] = FIRST_LINE.exec(line) ?? [];
  if (expected === undefined) {
    throw new SpoolError('damaged', `expected a first line of '${MAGIC}', found ${quote(line)}`);
  }
  const bodyStart = lineEnd + 1 + Number(headerLength);
  const size = bodyStart + Number(bodyLength);
  if (bytes.length !== size) {
    throw new SpoolError('damaged', `expected ${size} bytes, found ${bytes.length}`);
  }
  const header = bytes.subarray(lineEnd + 1, bodyStart);
  const body = bytes.subarray(bodyStart);
  const found = checksum(`${line.slice(MAGIC.length + 9)}\n`, header, body);
  if (found !== expected) {
    throw new SpoolError('damaged', `expected the checksum ${expected}, found ${found}`);
  }
  if (Number(version) !== VERSION) {
    throw new SpoolError('unknown_version', `expected version ${VERSION}, found ${version}`);
  }
  return { header: readRequestFileHeader(header.toString('utf8')), body };
}

/** The request that a file holds, under the sequence that its name says. */
export function requestOf({ header, body }: RequestFile, sequence: number): OtlpRequest {
  const { signal, records, time, encoding, contentType, isSuperseded } = header;
  return { signal, sequence, body, encoding, contentType, records, time, isSuperseded };
}

function quote(line: string): string {
  return line === '' ? 'none' : JSON.stringify(line.slice(0, 40));
}
