import { SeverityNumber } from '@opentelemetry/api';
import {
  BatchLogRecordProcessor,
  type LogRecordProcessor,
  LoggerProvider,
  type ReadableLogRecord,
} from '@opentelemetry/sdk-logs';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import {
  type Delivery,
  DeliveryLogRecordProcessor,
  DeliverySpanProcessor,
  type HttpProtocol,
  serializerOf,
} from '@milepost/delivery';
import { measure } from './measure.ts';

// What our processors cost beside the SDK's batch processors, both serialising everything and sending nothing:
// node --conditions=@milepost/source test/bench/processors.ts [rounds] [records per round]
const rounds = Number(process.argv[2] ?? 15);
const perRound = Number(process.argv[3] ?? 10_000);
/** Records of one turn of the event loop. */
const TURNS = { burst: Infinity, 'turns of 50': 50 };
const CONTENT_TYPES = {
  'http/json': 'application/json',
  'http/protobuf': 'application/x-protobuf',
} as const;
const ATTRIBUTES = {
  'run.id': 'alameda_1737072000_abc123',
  pipeline: 'minutes',
  stage: 'ocr',
  subdomain: 'alameda',
  attempt: 1,
  'pipeline.unit': 'stage',
};

/** `ExportResultCode.SUCCESS`. */
const SUCCESS = 0;

interface Pipeline {
  emit(): void;
  flush(): Promise<void>;
}

let serialized = 0;

/** Takes requests, and does nothing with them. */
const sink: Delivery = {
  spoolDirectory: undefined,
  async add(request) {
    serialized += request.records;
    return 'delivered';
  },
  countLost() {
    throw new Error('nothing may be lost');
  },
  addSource: () => () => undefined,
  flush: async () => sink.report(),
  report: () => {
    const nothing = {
      delivered: 0,
      inMemory: 0,
      spooled: 0,
      oldest: undefined,
      lost: {},
      error: undefined,
      spoolError: undefined,
    };
    return { traces: nothing, logs: nothing, metrics: nothing };
  },
  spooled: () => {
    const nothing = { requests: 0, records: 0, bytes: 0, oldest: undefined };
    return { traces: nothing, logs: nothing, metrics: nothing };
  },
  shutdown: async () => sink.report(),
  endSync: () => sink.report(),
};

/** An exporter that serialises, as those over OTLP do, and sends nothing. */
function serializingExporter<R>(serializer: {
  serializeRequest(records: R[]): Uint8Array | undefined;
}) {
  return {
    export(records: R[], done: Parameters<SpanExporter['export']>[1]): void {
      if (serializer.serializeRequest(records) !== undefined) serialized += records.length;
      done({ code: SUCCESS });
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
}

function spans(processor: SpanProcessor | undefined): Pipeline {
  const tracer = new TracerProvider({ spanProcessors: processor ? [processor] : [] }).getTracer(
    'a',
  );
  return {
    emit() {
      tracer.startSpan('ocr', { attributes: ATTRIBUTES }).end();
    },
    flush: async () => processor?.forceFlush(),
  };
}

function logs(processor: LogRecordProcessor | undefined): Pipeline {
  const noProcessor: LogRecordProcessor = {
    onEmit: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const logger = new LoggerProvider({ processors: [processor ?? noProcessor] }).getLogger('a');
  return {
    emit() {
      logger.emit({
        body: 'ocr_completed',
        eventName: 'ocr_completed',
        severityNumber: SeverityNumber.INFO,
        attributes: ATTRIBUTES,
      });
    },
    flush: async () => processor?.forceFlush(),
  };
}

function pipelines(signal: 'traces' | 'logs', protocol: HttpProtocol): readonly Pipeline[] {
  const contentType = CONTENT_TYPES[protocol];
  // The SDK's own would drop all of a burst but 2,048.
  const maxQueueSize = 2 * perRound;
  if (signal === 'traces') {
    const serializer = serializerOf('traces', protocol);
    const exporter = serializingExporter<ReadableSpan>(serializer);
    return [
      spans(undefined),
      spans(new BatchSpanProcessor({ exporter, maxQueueSize })),
      spans(new DeliverySpanProcessor(sink, { serializer, contentType })),
    ];
  }
  const serializer = serializerOf('logs', protocol);
  const exporter = serializingExporter<ReadableLogRecord>(serializer);
  return [
    logs(undefined),
    logs(new BatchLogRecordProcessor({ exporter, maxQueueSize })),
    logs(new DeliveryLogRecordProcessor(sink, { serializer, contentType })),
  ];
}

async function work({ emit, flush }: Pipeline, count: number, perTurn: number): Promise<void> {
  for (let made = 0; made < count; made += 1) {
    emit();
    if ((made + 1) % perTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await flush();
}

for (const signal of ['traces', 'logs'] as const) {
  for (const protocol of ['http/json', 'http/protobuf'] as const) {
    for (const [turns, perTurn] of Object.entries(TURNS)) {
      serialized = 0;
      const [none, sdk, ours] = await measure(
        pipelines(signal, protocol).map((pipeline, index) => ({
          name: ['no processor', 'SDK', 'delivery'][index] ?? '',
          run: async (count) => work(pipeline, count, perTurn),
        })),
        rounds,
        perRound,
      );
      if (none === undefined || sdk === undefined || ours === undefined) {
        throw new Error('nothing was measured');
      }
      const expected = 2 * (rounds + 1) * perRound;
      if (serialized !== expected) throw new Error(`serialised ${serialized}, not ${expected}`);
      const ratio =
        (ours.microseconds - none.microseconds) / (sdk.microseconds - none.microseconds);
      console.log(
        `${signal.padEnd(7)}${protocol.padEnd(14)}${turns.padEnd(12)} ${ratio.toFixed(2)} x  (us per record: ` +
          `none ${none.microseconds.toFixed(2)}, SDK ${sdk.microseconds.toFixed(2)}, delivery ${ours.microseconds.toFixed(2)})`,
      );
    }
  }
}
