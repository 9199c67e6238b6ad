import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

// Runs in the exit sender too: only builtins may be imported here.
const gzipped = promisify(gzip);
const gunzipped = promisify(gunzip);

/** A body, and how it is compressed. */
export interface EncodedBody {
  readonly body: Uint8Array;
  readonly encoding: 'identity' | 'gzip';
}

/**
 * A body as a destination wants it.
 * @throws Error of zlib where a gzipped body is damaged
 */
export async function encodeBody(
  { body, encoding }: EncodedBody,
  compression: 'none' | 'gzip',
): Promise<EncodedBody> {
  if (compression === 'gzip') {
    return { body: encoding === 'gzip' ? body : await gzipped(body), encoding: 'gzip' };
  }
  return { body: encoding === 'gzip' ? await gunzipped(body) : body, encoding: 'identity' };
}
