import { gunzipSync, gzipSync } from 'node:zlib';
import { type OtlpRequest } from './otlp-request.ts';
import { type SplitBody } from './split-body.ts';
import { splitJson } from './split-json.ts';
import { splitProtobuf } from './split-protobuf.ts';

/**
 * Halves a request by its records (spans, log records, metric points), for a collector that takes no request of its
 * size. Resource and scope stand in both halves; everything else is as it was, and stays gzipped where it was.
 *
 * Both halves have the sequence of the whole: who keeps them numbers them anew. Neither supersedes, nor is superseded,
 * because each has a part of the series only. Their time is that of the whole, so it may be too early, never too late.
 *
 * @returns undefined where there is one record only, or where the body is no OTLP
 */
export function splitRequest(
  request: OtlpRequest,
): readonly [OtlpRequest, OtlpRequest] | undefined {
  const isGzipped = request.encoding === 'gzip';
  const split = request.contentType === 'application/json' ? splitJson : splitProtobuf;
  try {
    const halves = split(request.signal, isGzipped ? gunzipSync(request.body) : request.body);
    const half = ({ body, records }: SplitBody): OtlpRequest => ({
      ...request,
      body: isGzipped ? gzipSync(body) : body,
      records,
      isSuperseded: false,
    });
    return halves && [half(halves[0]), half(halves[1])];
  } catch {
    // Not OTLP, whoever wrote it: it cannot be split.
    return undefined;
  }
}
