import { type EncodedBody } from './encode-body.ts';
import { type OtlpRequest } from './otlp-request.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** The headers of a request: those of its destination, and what its body is. */
export function requestHeaders(
  headers: Readonly<Record<string, string>>,
  contentType: OtlpRequest['contentType'],
  encoding: EncodedBody['encoding'],
): Record<string, string> {
  const { 'content-encoding': _, ...rest } = headers;
  const encoded = encoding === 'gzip' ? { 'content-encoding': encoding } : {};
  return { ...rest, 'content-type': contentType, ...encoded };
}
