import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { type Signal } from '../otlp-server/index.ts';
import { recordKeys } from './record-keys.ts';
import { unlessGone } from './unless-gone.ts';

/** A request that lies in the spool, read without the code that wrote it. */
export interface SpooledRequest {
  readonly path: string;
  readonly signal: Signal;
  /** Keys of its records (see {@link recordKeys}). */
  readonly keys: readonly string[];
  readonly isDeadLetter: boolean;
}

interface Header {
  readonly signal: Signal;
  readonly encoding: 'identity' | 'gzip';
  readonly contentType: string;
}

/** What lies whole in a spool, also while processes use it. Files that go meanwhile are left out. */
export function spooledRequests(spool: string): SpooledRequest[] {
  return filesBelow(spool)
    .filter((path) => path.endsWith('.otlp'))
    .flatMap((path) => readRequest(path) ?? []);
}

function filesBelow(directory: string): string[] {
  const entries = unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function readRequest(path: string): SpooledRequest | undefined {
  const bytes = unlessGone(() => readFileSync(path));
  if (bytes === undefined) return undefined;
  const lineEnd = bytes.indexOf(0x0a);
  const [, sum = '', rest = ''] =
    /^milepost-otlp (\w+)( .*)$/.exec(bytes.toString('latin1', 0, lineEnd)) ?? [];
  const headerLength = Number(rest.split(' ')[2]);
  const found = crc32(bytes.subarray(lineEnd + 1), crc32(`${rest}\n`));
  if (found !== Number.parseInt(sum, 16)) return undefined;
  const bodyStart = lineEnd + 1 + headerLength;
  const header = JSON.parse(bytes.toString('utf8', lineEnd + 1, bodyStart)) as Header;
  const body = bytes.subarray(bodyStart);
  const plain = header.encoding === 'gzip' ? gunzipSync(body) : body;
  return {
    path,
    signal: header.signal,
    keys: recordKeys(header.signal, header.contentType, plain),
    isDeadLetter: path.includes('/dead-letters/'),
  };
}
