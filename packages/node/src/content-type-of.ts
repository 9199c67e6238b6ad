import { type HttpProtocol, type OtlpRequest } from '@milepost/delivery';

const CONTENT_TYPES: Readonly<Record<HttpProtocol, OtlpRequest['contentType']>> = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
};

/** The content type of requests of a protocol. */
export function contentTypeOf(protocol: HttpProtocol): OtlpRequest['contentType'] {
  return CONTENT_TYPES[protocol];
}
