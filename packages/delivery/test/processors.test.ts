import {
  type AnyValue,
  type Attributes,
  ROOT_CONTEXT,
  TraceFlags,
  context,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { TraceState, isTracingSuppressed } from '@opentelemetry/core';
import { LoggerProvider } from '@opentelemetry/sdk-logs';
import { SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, describe, expect, test } from 'vitest';
import {
  DeliveryLogRecordProcessor,
  DeliverySpanProcessor,
  type HttpProtocol,
  type OtlpRequest,
  isUndeliveredError,
  serializerOf,
} from '@milepost/delivery';
import { MadeUpResource } from './made-up-resource.ts';
import { RecordingDelivery } from './recording-delivery.ts';

interface Options {
  readonly maxExportBatchSize?: number;
  readonly scheduledDelayMillis?: number;
}

interface Pipeline {
  readonly delivery: RecordingDelivery;
  readonly processor: { forceFlush(): Promise<void>; shutdown(): Promise<void> };
  /** Makes one record. */
  emit(name: string): void;
  /** Makes one that the serialiser cannot read. */
  emitUnreadable(name: string): void;
}

const NEVER_MS = 2 ** 31 - 1;
const CONTENT_TYPES = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
} as const;

const SPAN_CONTEXT = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
};

const UNREADABLE_STATE = Object.assign(new TraceState(), {
  serialize: () => {
    throw new Error('cannot be read');
  },
});

const SIGNALS = {
  traces(protocol: HttpProtocol, options: Options, resource?: MadeUpResource): Pipeline {
    const delivery = new RecordingDelivery();
    const processor = new DeliverySpanProcessor(delivery, {
      serializer: serializerOf('traces', protocol),
      contentType: CONTENT_TYPES[protocol],
      ...options,
    });
    const tracer = new TracerProvider({
      spanProcessors: [processor],
      ...(resource && { resource }),
    }).getTracer('a');
    return {
      delivery,
      processor,
      emit: (name) => {
        tracer.startSpan(`<${name}>`).end();
      },
      emitUnreadable: (name) => {
        const parent = trace.wrapSpanContext({ ...SPAN_CONTEXT, traceState: UNREADABLE_STATE });
        tracer.startSpan(`<${name}>`, {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
      },
    };
  },
  logs(protocol: HttpProtocol, options: Options, resource?: MadeUpResource): Pipeline {
    const delivery = new RecordingDelivery();
    const processor = new DeliveryLogRecordProcessor(delivery, {
      serializer: serializerOf('logs', protocol),
      contentType: CONTENT_TYPES[protocol],
      ...options,
    });
    const logger = new LoggerProvider({
      processors: [processor],
      ...(resource && { resource }),
    }).getLogger('a');
    return {
      delivery,
      processor,
      emit: (name) => {
        logger.emit({ body: `<${name}>` });
      },
      emitUnreadable: (name) => {
        const body: Record<string, AnyValue> = { name: `<${name}>` };
        logger.emit({ body });
        body['self'] = body;
      },
    };
  },
};

const KINDS = (['traces', 'logs'] as const).flatMap((signal) =>
  (['http/json', 'http/protobuf'] as const).map((protocol) => ({ signal, protocol })),
);

/** The names of the records in a request, in either encoding: they stand between `<` and `>`. */
function namesIn({ body }: Pick<OtlpRequest, 'body'>): string[] {
  const text = Buffer.from(body).toString('latin1');
  return Array.from(text.matchAll(/<(record-\d+)>/g), ([, name = '']) => name);
}

afterEach(() => {
  context.disable();
});

describe.for(KINDS)('$signal over $protocol', ({ signal, protocol }) => {
  test('a burst of 10,000 within one turn loses nothing, and at most one batch is held', async () => {
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {});
    const names = Array.from({ length: 10_000 }, (_, index) => `record-${index}`);
    let mostHeld = 0;
    const before = Date.now();
    for (const name of names) {
      emit(name);
      mostHeld = Math.max(mostHeld, delivery.held(signal));
    }

    expect(mostHeld).toBe(511);
    expect(delivery.requests.map(({ records }) => records)).toEqual(Array(19).fill(512));
    await processor.forceFlush();
    expect(delivery.requests.flatMap(namesIn)).toEqual(names);
    expect(delivery.requests.at(-1)).toMatchObject({
      signal,
      contentType: CONTENT_TYPES[protocol],
      encoding: 'identity',
      records: 10_000 - 19 * 512,
      isSuperseded: false,
    });
    const times = delivery.requests.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(delivery.held(signal)).toBe(0);
    expect(delivery.lost).toEqual([]);
  });

  test('a record is handed over when it has been held long enough', async () => {
    const { delivery, emit } = SIGNALS[signal](protocol, { scheduledDelayMillis: 1 });
    emit('record-1');
    expect(delivery.requests).toEqual([]);
    await delivery.given(1);
    emit('record-2');
    await delivery.given(2);
    expect(delivery.requests.map(namesIn)).toEqual([['record-1'], ['record-2']]);
  });

  test('half a batch is handed over when the running turn is over', async () => {
    const { delivery, emit } = SIGNALS[signal](protocol, {
      maxExportBatchSize: 8,
      scheduledDelayMillis: NEVER_MS,
    });
    for (let index = 0; index < 5; index += 1) emit(`record-${index}`);
    expect(delivery.requests).toEqual([]);
    await delivery.given(1);
    expect(delivery.requests.map(({ records }) => records)).toEqual([5]);
  });

  test('at the end of the process everything is handed over at once, also what comes later', () => {
    const { delivery, emit } = SIGNALS[signal](protocol, { scheduledDelayMillis: NEVER_MS });
    emit('record-1');
    emit('record-2');
    const before = Date.now();
    delivery.endSync();
    emit('record-3');
    emit('record-4');
    expect(delivery.requests.map(namesIn)).toEqual([
      ['record-1', 'record-2'],
      ['record-3'],
      ['record-4'],
    ]);
    expect(delivery.requests[2]?.time).toBeGreaterThanOrEqual(before);
  });

  test('a shutdown flushes; what comes later is handed over at once', async () => {
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {
      scheduledDelayMillis: NEVER_MS,
    });
    emit('record-1');
    await processor.shutdown();
    expect(delivery.flushes).toBe(1);
    expect(delivery.sources.size).toBe(0);
    emit('record-2');
    expect(delivery.requests.map(namesIn)).toEqual([['record-1'], ['record-2']]);
  });

  test('a flush fails where something was not delivered, and says what; the next may be well', async () => {
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {});
    emit('record-1');
    emit('record-2');
    delivery.fateAtFlush = undefined;
    const error = await processor.forceFlush().catch((reason: unknown) => reason);
    expect(isUndeliveredError(error)).toBe(true);
    expect(error).toMatchObject({
      name: 'UndeliveredError',
      code: 'undelivered',
      signal,
      waiting: 2,
      lost: 0,
      message: `${signal}: 2 records wait in memory: 503 Service Unavailable`,
    });
    delivery.fateAtFlush = 'lost';
    await expect(processor.forceFlush()).rejects.toMatchObject({ waiting: 0, lost: 2 });
    delivery.fateAtFlush = 'delivered';
    emit('record-3');
    await processor.forceFlush();
    await processor.forceFlush();
  });

  test('a flush is well where only what came during it waits', async () => {
    const { delivery, processor, emit } = SIGNALS[signal](protocol, { maxExportBatchSize: 1 });
    emit('record-1');
    const { flush } = delivery;
    delivery.flush = async () => {
      await delivery.settle('delivered');
      emit('record-2');
      delivery.fateAtFlush = undefined;
      return flush.call(delivery);
    };
    await processor.forceFlush();
    expect(delivery.requests).toHaveLength(2);
  });

  test('a shutdown does not fail, whatever is left', async () => {
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {});
    emit('record-1');
    delivery.fateAtFlush = undefined;
    await processor.shutdown();
    expect(delivery.flushes).toBe(1);
  });

  test('attributes of the resource that are being detected are waited for', async () => {
    const host = Promise.withResolvers<Attributes>();
    const resource = new MadeUpResource({ 'service.name': 'a' }, host.promise);
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {}, resource);
    emit('record-1');
    const flushed = processor.forceFlush();
    expect(delivery.requests).toEqual([]);
    host.resolve({ 'host.name': 'detected-late' });
    await flushed;
    expect(Buffer.from(delivery.requests[0]?.body ?? '').toString('latin1')).toContain(
      'detected-late',
    );
  });

  test('nothing waits for attributes of the resource at the end of the process', () => {
    const never = new Promise<Attributes>(() => undefined);
    const resource = new MadeUpResource({ 'service.name': 'a' }, never);
    const { delivery, processor, emit } = SIGNALS[signal](protocol, {}, resource);
    emit('record-1');
    void processor.forceFlush();
    delivery.endSync();
    expect(delivery.requests.map(namesIn)).toEqual([['record-1']]);
  });

  test('a record that cannot be serialised costs only itself', () => {
    const { delivery, emit, emitUnreadable } = SIGNALS[signal](protocol, {});
    const names = Array.from({ length: 100 }, (_, index) => `record-${index}`);
    for (const name of names) {
      if (name === 'record-37') emitUnreadable(name);
      else emit(name);
    }
    delivery.endSync();
    expect(delivery.requests.flatMap(namesIn)).toEqual(
      names.filter((name) => name !== 'record-37'),
    );
    expect(delivery.requests.reduce((sum, { records }) => sum + records, 0)).toBe(99);
    expect(delivery.lost).toEqual([[signal, 'unserializable', 1]]);
  });

  test('handing over happens outside of the context of whoever made the record, untraced', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { delivery, emit } = SIGNALS[signal](protocol, {
      maxExportBatchSize: 2,
      scheduledDelayMillis: 1,
    });
    const seen: unknown[] = [];
    const { add } = delivery;
    delivery.add = async (request) => {
      seen.push([trace.getSpan(context.active()), isTracingSuppressed(context.active())]);
      return add.call(delivery, request);
    };
    const user = trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(SPAN_CONTEXT));
    context.with(user, () => {
      for (const name of ['record-1', 'record-2', 'record-3']) emit(name);
    });
    await delivery.given(2);
    expect(seen).toEqual([
      [undefined, true],
      [undefined, true],
    ]);
  });

  test('what fails in the delivery does not reach whoever makes a record, and is counted', () => {
    const { delivery, emit } = SIGNALS[signal](protocol, { maxExportBatchSize: 2 });
    delivery.add = () => {
      throw new Error('broken');
    };
    expect(() => {
      emit('record-1');
      emit('record-2');
    }).not.toThrow();
    expect(delivery.lost).toEqual([[signal, 'unsent', 2]]);
  });

  test('a batch of large records makes several requests of at most 4 MiB, in order', () => {
    const { delivery, emit } = SIGNALS[signal](protocol, {});
    const text = 'x'.repeat(40 * 1024);
    const names = Array.from({ length: 512 }, (_, index) => `record-${index}`);
    for (const name of names) emit(`${name}>${text}<`);
    const { requests } = delivery;
    expect(requests.flatMap(namesIn)).toEqual(names);
    expect(requests.map(({ records }) => records)).toEqual(requests.map((r) => namesIn(r).length));
    expect(Math.max(...requests.map(({ body }) => body.length))).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(requests).toHaveLength(8);
    expect(delivery.lost).toEqual([]);
  });

  test('a record that is larger than that stands alone', () => {
    const { delivery, emit } = SIGNALS[signal](protocol, { maxExportBatchSize: 3 });
    emit('record-1');
    emit(`record-2>${'x'.repeat(5 * 2 ** 20)}<`);
    emit('record-3');
    expect(delivery.requests.map(namesIn)).toEqual([['record-1'], ['record-2'], ['record-3']]);
  });

  test('what is recorded by what hands over at the end is handed over too, up to a bound', () => {
    const { delivery, emit } = SIGNALS[signal](protocol, { scheduledDelayMillis: NEVER_MS });
    const { add } = delivery;
    let made = 1;
    delivery.add = (request) => {
      made += 1;
      emit(`record-${made}`);
      return add.call(delivery, request);
    };
    emit('record-1');
    delivery.endSync();
    const names = delivery.requests.flatMap(namesIn);
    expect(names.slice(0, 2)).toEqual(['record-1', 'record-2']);
    expect(delivery.held(signal)).toBe(0);
    expect(delivery.lost).toEqual([[signal, 'unsent', 1]]);
    expect(names.length + 1).toBe(made);
  });
});

test.for([
  { name: 'recorded and sampled', decision: SamplingDecision.RECORD_AND_SAMPLED, requests: 1 },
  { name: 'only recorded', decision: SamplingDecision.RECORD, requests: 0 },
])('a span that is $name makes $requests requests', ({ decision, requests }) => {
  const delivery = new RecordingDelivery();
  const processor = new DeliverySpanProcessor(delivery, {
    serializer: serializerOf('traces', 'http/json'),
    contentType: 'application/json',
  });
  const sampler = { shouldSample: () => ({ decision }) };
  const provider = new TracerProvider({ spanProcessors: [processor], sampler });
  provider.getTracer('a').startSpan('a').end();
  delivery.endSync();
  expect(delivery.requests).toHaveLength(requests);
});
