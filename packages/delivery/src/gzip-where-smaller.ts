import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { type OtlpRequest } from './otlp-request.ts';

const compress = promisify(gzip);

/** Below, the header of gzip and the block of the disk eat up what it saves. */
const SMALLEST_BYTES = 1024;

/** A request whose body is compressed, in a thread of zlib's, where that makes it smaller. */
export async function gzipWhereSmaller(request: OtlpRequest): Promise<OtlpRequest> {
  if (request.encoding !== 'identity' || request.body.length < SMALLEST_BYTES) return request;
  const body = await compress(request.body, { level: constants.Z_BEST_SPEED });
  return body.length < request.body.length ? { ...request, body, encoding: 'gzip' } : request;
}
