/** Makes bytes of an OTLP request, as the serialisers of `@opentelemetry/otlp-transformer` do. */
export interface RequestSerializer<Request> {
  /**
   * @returns undefined where there is nothing to send
   * @throws whatever a value that cannot be read throws
   */
  serializeRequest(request: Request): Uint8Array | undefined;
}

/**
 * Bytes of a request at most, but for a record that is larger alone: servers take a few MB, and what is larger is often
 * refused with a 400, which would set the whole batch aside.
 */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Some of the records of a batch, serialised. */
export interface SerializedRecords {
  readonly body: Uint8Array;
  readonly records: number;
}

/** What became of a batch. */
export interface SerializedBatch {
  /** One where every record can be serialised and all are within 4 MiB; otherwise several, in order. */
  readonly parts: readonly SerializedRecords[];
  /** Records that cannot be serialised. */
  readonly unserializable: number;
}

/**
 * Serialises a batch. Where a record cannot be serialised (an attribute that contains itself, a getter that throws), the
 * batch is halved until that record stands alone: it costs only itself. What is larger than 4 MiB is halved until its
 * parts are not, or are one record. Never throws.
 */
export function serializeRecords<R>(
  serializer: RequestSerializer<R[]>,
  records: R[],
): SerializedBatch {
  const parts: SerializedRecords[] = [];
  const unserializable = serializeInto(parts, serializer, records);
  return { parts, unserializable };
}

function serializeInto<R>(
  parts: SerializedRecords[],
  serializer: RequestSerializer<R[]>,
  records: R[],
): number {
  if (records.length === 0) return 0;
  const body = bytesOf(serializer, records);
  if (body !== undefined && (body.length <= MAX_BODY_BYTES || records.length === 1)) {
    parts.push({ body, records: records.length });
    return 0;
  }
  if (records.length === 1) return 1;
  const middle = Math.ceil(records.length / 2);
  return (
    serializeInto(parts, serializer, records.slice(0, middle)) +
    serializeInto(parts, serializer, records.slice(middle))
  );
}

/** The bytes of a request; undefined where it cannot be serialised. Never throws. */
export function bytesOf<Request>(
  serializer: RequestSerializer<Request>,
  request: Request,
): Uint8Array | undefined {
  try {
    return serializer.serializeRequest(request);
  } catch {
    // Whatever it is: the caller leaves out what cannot be serialised, and counts it.
    return undefined;
  }
}
