/**
 * Reads OTLP protobuf messages into the shape that OTLP/JSON has, so that a test sees one shape whatever was sent.
 * Field numbers: https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
type Scalar = 'string' | 'hex' | 'int' | 'bool' | 'fixed32' | 'fixed64' | 'double';

interface Field {
  readonly name: string;
  readonly type: Scalar | (() => Message);
  readonly repeated?: boolean;
}

type Message = Readonly<Record<number, Field>>;

const one = (name: string, type: Field['type']): Field => ({ name, type });
const many = (name: string, type: Field['type']): Field => ({ name, type, repeated: true });

const anyValue: Message = {
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int'),
  4: one('doubleValue', 'double'),
  5: one('arrayValue', () => ({ 1: many('values', () => anyValue) })),
  6: one('kvlistValue', () => ({ 1: many('values', () => keyValue) })),
  7: one('bytesValue', 'hex'),
};
const keyValue: Message = { 1: one('key', 'string'), 2: one('value', () => anyValue) };
const resource: Message = { 1: many('attributes', () => keyValue) };
const scope: Message = { 1: one('name', 'string'), 2: one('version', 'string') };

const span: Message = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'int'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: many('attributes', () => keyValue),
  10: one('droppedAttributesCount', 'int'),
  11: many('events', () => ({
    1: one('timeUnixNano', 'fixed64'),
    2: one('name', 'string'),
    3: many('attributes', () => keyValue),
    4: one('droppedAttributesCount', 'int'),
  })),
  12: one('droppedEventsCount', 'int'),
  13: many('links', () => ({
    1: one('traceId', 'hex'),
    2: one('spanId', 'hex'),
    4: many('attributes', () => keyValue),
    5: one('droppedAttributesCount', 'int'),
  })),
  14: one('droppedLinksCount', 'int'),
  15: one('status', () => ({ 2: one('message', 'string'), 3: one('code', 'int') })),
  16: one('flags', 'fixed32'),
};

const logRecord: Message = {
  1: one('timeUnixNano', 'fixed64'),
  2: one('severityNumber', 'int'),
  3: one('severityText', 'string'),
  5: one('body', () => anyValue),
  6: many('attributes', () => keyValue),
  7: one('droppedAttributesCount', 'int'),
  8: one('flags', 'fixed32'),
  9: one('traceId', 'hex'),
  10: one('spanId', 'hex'),
  11: one('observedTimeUnixNano', 'fixed64'),
  12: one('eventName', 'string'),
};

const numberPoint: Message = {
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('asDouble', 'double'),
  6: one('asInt', 'fixed64'),
  7: many('attributes', () => keyValue),
};
const histogramPoint: Message = {
  2: one('startTimeUnixNano', 'fixed64'),
  3: one('timeUnixNano', 'fixed64'),
  4: one('count', 'fixed64'),
  5: one('sum', 'double'),
  6: many('bucketCounts', 'fixed64'),
  7: many('explicitBounds', 'double'),
  9: many('attributes', () => keyValue),
  11: one('min', 'double'),
  12: one('max', 'double'),
};
const metric: Message = {
  1: one('name', 'string'),
  2: one('description', 'string'),
  3: one('unit', 'string'),
  5: one('gauge', () => ({ 1: many('dataPoints', () => numberPoint) })),
  7: one('sum', () => ({
    1: many('dataPoints', () => numberPoint),
    2: one('aggregationTemporality', 'int'),
    3: one('isMonotonic', 'bool'),
  })),
  9: one('histogram', () => ({
    1: many('dataPoints', () => histogramPoint),
    2: one('aggregationTemporality', 'int'),
  })),
};

const requestOf = (
  resources: string,
  scopes: string,
  records: string,
  record: Message,
): Message => ({
  1: many(resources, () => ({
    1: one('resource', () => resource),
    2: many(scopes, () => ({ 1: one('scope', () => scope), 2: many(records, () => record) })),
  })),
});

const REQUESTS = {
  traces: requestOf('resourceSpans', 'scopeSpans', 'spans', span),
  logs: requestOf('resourceLogs', 'scopeLogs', 'logRecords', logRecord),
  metrics: requestOf('resourceMetrics', 'scopeMetrics', 'metrics', metric),
};

/** Decodes an OTLP export request. Fields that no test needs are skipped. */
export function decodeProtobuf(signal: keyof typeof REQUESTS, bytes: Buffer): unknown {
  return decode(bytes, REQUESTS[signal]);
}

function decode(bytes: Buffer, message: Message): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  let at = 0;

  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const slice = (length: number): Buffer => bytes.subarray(at, (at += length));
  const scalar = (type: Scalar): unknown => {
    switch (type) {
      case 'int':
        return Number(BigInt.asIntN(64, varint()));
      case 'bool':
        return varint() === 1n;
      case 'fixed32':
        return slice(4).readUInt32LE();
      case 'fixed64':
        return slice(8).readBigInt64LE().toString();
      case 'double':
        return slice(8).readDoubleLE();
      case 'string':
        return slice(Number(varint())).toString('utf8');
      case 'hex':
        return slice(Number(varint())).toString('hex');
      default:
        throw new Error(`no such type: ${String(type satisfies never)}`);
    }
  };
  const skip = (wireType: number): void => {
    if (wireType === 0) varint();
    else if (wireType === 1) slice(8);
    else if (wireType === 2) slice(Number(varint()));
    else if (wireType === 5) slice(4);
    else throw new Error(`wire type ${wireType} at byte ${at}`);
  };
  const add = (field: Field, value: unknown): void => {
    if (field.repeated !== true) result[field.name] = value;
    else ((result[field.name] ??= []) as unknown[]).push(value);
  };

  while (at < bytes.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    const field = message[tag >>> 3];
    if (field === undefined) skip(wireType);
    else if (typeof field.type === 'function') {
      add(field, decode(slice(Number(varint())), field.type()));
    } else if (wireType === 2 && field.type !== 'string' && field.type !== 'hex') {
      const end = Number(varint()) + at;
      while (at < end) add(field, scalar(field.type));
    } else add(field, scalar(field.type));
  }
  return result;
}
