import { gunzipSync, gzipSync } from 'node:zlib';
import { ValueType } from '@opentelemetry/api';
import { type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  DataPointType,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type HttpProtocol,
  type OtlpRequest,
  type Signal,
  serializerOf,
  splitRequest,
} from '@milepost/delivery';
import { decodeProtobuf } from './otlp-server/protobuf.ts';

/** A record by where it belongs; its number makes it one of its own. */
interface Place {
  readonly resource: number;
  readonly scope: number;
}

const PATHS = {
  traces: [['resourceSpans'], ['scopeSpans'], ['spans']],
  logs: [['resourceLogs'], ['scopeLogs'], ['logRecords']],
  metrics: [
    ['resourceMetrics'],
    ['scopeMetrics'],
    ['metrics'],
    ['gauge', 'sum', 'histogram', 'exponentialHistogram'],
    ['dataPoints'],
  ],
} as const;

const CONTENT_TYPES = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
} as const;

const NANOS = [1_790_000_000, 123_456_789] as [number, number];

describe.for<readonly [Signal, HttpProtocol, OtlpRequest['encoding']]>([
  ['traces', 'http/json', 'identity'],
  ['traces', 'http/json', 'gzip'],
  ['traces', 'http/protobuf', 'identity'],
  ['traces', 'http/protobuf', 'gzip'],
  ['logs', 'http/json', 'identity'],
  ['logs', 'http/protobuf', 'identity'],
  ['metrics', 'http/json', 'identity'],
  ['metrics', 'http/protobuf', 'identity'],
])('%s, %s, %s', ([signal, protocol, encoding]) => {
  const places = fc.array(fc.record({ resource: fc.nat(2), scope: fc.nat(2) }), {
    minLength: 1,
    maxLength: 40,
  });

  test('halved until each has one record, it is the same records', () => {
    fc.assert(
      fc.property(places, (records) => {
        const whole = requestOf(signal, protocol, encoding, records);
        const singles = splitUp(whole);
        expect(singles.map((single) => single.records)).toEqual(records.map(() => 1));
        expect(singles.flatMap(recordsIn).toSorted()).toEqual(recordsIn(whole).toSorted());
      }),
      { numRuns: 50 },
    );
  });

  test('halves are equal but for one, and know how many records they have', () => {
    fc.assert(
      fc.property(places, (records) => {
        const whole = requestOf(signal, protocol, encoding, records);
        const halves = splitRequest(whole);
        const { length } = records;
        expect(halves?.map((half) => [half.records, recordsIn(half).length])).toEqual(
          length === 1
            ? undefined
            : [Math.ceil(length / 2), Math.floor(length / 2)].map((n) => [n, n]),
        );
      }),
      { numRuns: 20 },
    );
  });
});

test('what is not its records stays: the order, unknown fields, numbers of 64 bits', () => {
  const span = (id: string, more = '') =>
    `{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"${id}",${more}"startTimeUnixNano":"1790000000123456789"}`;
  const json = (...spans: readonly string[]) =>
    `{"resourceSpans":[{"schemaUrl":"s","resource":{"new":[]},"scopeSpans":[{"scope":{"name":"a"},"spans":[${spans.join(',')}],"later":1}]}],"extra":{"x":null}}`;
  const whole = request('traces', 'http/json', json(span('01', '"__proto__":1,'), span('02')), 2);
  expect(splitRequest(whole)?.map(({ body }) => new TextDecoder().decode(body))).toEqual([
    json(span('01', '"__proto__":1,')),
    json(span('02')),
  ]);
});

test('unknown fields of protobuf stay byte for byte', () => {
  // Each with a field 15 of an unknown kind after the known ones; 0x7a: field 15, length-delimited.
  const unknown = [0x7a, 2, 0xff, 0x00];
  const message = (field: number, ...content: readonly number[]) => [
    field * 8 + 2,
    content.length,
    ...content,
  ];
  const span = (id: number) =>
    message(2, ...message(2, id), 0x79, 1, 2, 3, 4, 5, 6, 7, 8, ...unknown);
  const whole = (...spans: readonly (readonly number[])[]) => [
    ...message(
      1,
      ...message(1, ...unknown),
      ...message(2, ...spans.flat(), ...unknown),
      ...unknown,
    ),
    ...unknown,
  ];
  const body = Uint8Array.from(whole(span(1), span(2), span(3)));
  expect(
    splitRequest({ ...request('traces', 'http/protobuf', '', 3), body })?.map((half) => [
      ...half.body,
    ]),
  ).toEqual([whole(span(1), span(2)), whole(span(3))]);
});

test.for<readonly [name: string, protocol: HttpProtocol, body: string]>([
  ['nothing', 'http/json', ''],
  ['torn JSON', 'http/json', '{"resourceSpans":[{'],
  ['JSON without records', 'http/json', '{"resourceSpans":[null,{"scopeSpans":7}]}'],
  ['a torn message', 'http/protobuf', '\x0a\x7f\x01'],
  ['no message', 'http/protobuf', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
])('%s cannot be halved', ([, protocol, body]) => {
  expect(splitRequest(request('traces', protocol, body, 2))).toBe(undefined);
});

test('halves supersede nothing, and nothing supersedes them', () => {
  const whole = requestOf('metrics', 'http/json', 'identity', [
    { resource: 0, scope: 0 },
    { resource: 0, scope: 0 },
  ]);
  const { body: _, ...half } = { ...whole, records: 1, isSuperseded: false };
  const halves = splitRequest({ ...whole, isSuperseded: true });
  expect(halves?.map(({ body: _, ...rest }) => rest)).toEqual([half, half]);
});

function splitUp(whole: OtlpRequest): OtlpRequest[] {
  const halves = splitRequest(whole);
  return halves === undefined ? [whole] : halves.flatMap(splitUp);
}

/** Each record with all that stands around it, as text. */
function recordsIn({ signal, body, encoding, contentType }: OtlpRequest): string[] {
  const plain = Buffer.from(encoding === 'gzip' ? gunzipSync(body) : body);
  const request =
    contentType === 'application/json'
      ? JSON.parse(plain.toString())
      : decodeProtobuf(signal, plain);
  return flatten(request, PATHS[signal], []);
}

function flatten(
  node: object,
  [keys, ...inner]: readonly (readonly string[])[],
  around: readonly unknown[],
): string[] {
  if (keys === undefined) return [JSON.stringify([...around, node])];
  return Object.entries(node).flatMap(([key, children]) => {
    if (!keys.includes(key)) return [];
    const rest = Object.fromEntries(Object.entries(node).filter(([other]) => other !== key));
    return [children].flat().flatMap((child) => flatten(child, inner, [...around, rest]));
  });
}

function request(
  signal: Signal,
  protocol: HttpProtocol,
  body: string,
  records: number,
): OtlpRequest {
  return {
    signal,
    sequence: 7,
    body: Buffer.from(body, 'latin1'),
    encoding: 'identity',
    contentType: CONTENT_TYPES[protocol],
    records,
    time: 1,
    isSuperseded: false,
  };
}

/** A request as the SDK's serialisers make it, of a record for each place. */
function requestOf(
  signal: Signal,
  protocol: HttpProtocol,
  encoding: OtlpRequest['encoding'],
  places: readonly Place[],
): OtlpRequest {
  const plain = serialized(signal, protocol, places) ?? new Uint8Array();
  const body = encoding === 'gzip' ? gzipSync(plain) : plain;
  return { ...request(signal, protocol, '', places.length), body, encoding };
}

function serialized(
  signal: Signal,
  protocol: HttpProtocol,
  places: readonly Place[],
): Uint8Array | undefined {
  const resources = [0, 1, 2].map((n) => ({ attributes: { 'service.name': `service ${n}` } }));
  const scopes = [0, 1, 2].map((n) => ({ name: `scope ${n}`, version: '1' }));
  const common = (place: Place) => ({
    resource: resources[place.resource],
    instrumentationScope: scopes[place.scope],
    attributes: { text: 'ü', big: 2 ** 52, list: [1, 'a'] },
    droppedAttributesCount: 0,
  });
  switch (signal) {
    case 'traces':
      return serializerOf('traces', protocol).serializeRequest(
        places.map((place, i) => ({
          ...common(place),
          name: `span ${i}`,
          kind: 0,
          spanContext: () => ({
            traceId: '0af7651916cd43dd8448eb211c80319c',
            spanId: (i + 1).toString(16).padStart(16, '0'),
            traceFlags: 1,
          }),
          startTime: NANOS,
          endTime: NANOS,
          status: { code: 0 },
          links: [],
          events: [{ name: 'event', time: NANOS, attributes: { a: 1 } }],
          droppedEventsCount: 0,
          droppedLinksCount: 0,
        })) as unknown as ReadableSpan[],
      );
    case 'logs':
      return serializerOf('logs', protocol).serializeRequest(
        places.map((place, i) => ({
          ...common(place),
          hrTime: NANOS,
          hrTimeObserved: NANOS,
          severityNumber: 9,
          body: `log ${i}`,
          eventName: 'event',
        })) as unknown as ReadableLogRecord[],
      );
    case 'metrics':
      return serializerOf('metrics', protocol).serializeRequest({
        resource: resources[0],
        scopeMetrics: scopes.map((scope, n) => ({
          scope,
          metrics: [0, 1, 2].map((kind) =>
            metric(
              kind,
              [...places.keys()].filter(
                (i) => places[i]?.scope === n && places[i]?.resource === kind,
              ),
            ),
          ),
        })),
      } as unknown as ResourceMetrics);
  }
}

/** A gauge, a sum or a histogram with a point for each number. */
function metric(kind: number, numbers: readonly number[]): unknown {
  const histogram = { buckets: { boundaries: [1, 2], counts: [1, 0, 2] }, sum: 3, count: 3 };
  return {
    descriptor: { name: `metric ${kind}`, description: '', unit: 's', valueType: ValueType.INT },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPointType: [DataPointType.GAUGE, DataPointType.SUM, DataPointType.HISTOGRAM][kind],
    isMonotonic: true,
    dataPoints: numbers.map((number) => ({
      startTime: NANOS,
      endTime: NANOS,
      attributes: { number },
      value: kind === 2 ? histogram : number,
    })),
  };
}
