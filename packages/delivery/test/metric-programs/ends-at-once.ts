import { writeSync } from 'node:fs';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { DeliveryMetricReader, serializerOf } from '@milepost/delivery';
import { RecordingDelivery } from '../recording-delivery.ts';

// A program that measures and ends at once: in an 'exit' handler no promise settles any more.
const isJson = process.argv[2] === 'http/json';
const delivery = new RecordingDelivery();
const reader = new DeliveryMetricReader(delivery, {
  serializer: serializerOf('metrics', isJson ? 'http/json' : 'http/protobuf'),
  contentType: isJson ? 'application/json' : 'application/x-protobuf',
});
const meter = new MeterProvider({ readers: [reader] }).getMeter('@milepost/core');

process.on('exit', () => {
  delivery.endSync();
  const points = delivery.requests.reduce((sum, { records }) => sum + records, 0);
  writeSync(1, `${delivery.requests.length} request, ${points} points\n`);
});

meter.createCounter('runs').add(1);
meter.createHistogram('duration').record(1);
meter.createObservableCounter('errors').addCallback((result) => {
  result.observe(1);
});
// Neither this nor the interval keeps the process alive.
reader.collectSoon();
process.exitCode = 7;
