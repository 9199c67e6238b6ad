import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import {
  DeliverySpanProcessor,
  openDelivery,
  otlpDestination,
  serializerOf,
} from '@milepost/delivery';
import { onHttpRequest, startRawServer } from './raw-server.ts';

test('forceFlush of a provider fails as long as a collector does not take what it has', async () => {
  const spoolDirectory = await mkdtemp(join(tmpdir(), 'milepost-force-flush-'));
  onTestFinished(() => rm(spoolDirectory, { recursive: true, force: true }));
  let status = '503 Service Unavailable';
  const server = await startRawServer((socket) => {
    onHttpRequest(socket, () => socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`));
  });
  onTestFinished(() => server.close());
  const to = (signal: 'traces' | 'logs' | 'metrics'): ReturnType<typeof otlpDestination> =>
    otlpDestination(signal, { url: server.url });
  const delivery = openDelivery({
    destinations: { traces: to('traces'), logs: to('logs'), metrics: to('metrics') },
    spoolDirectory,
  });
  onTestFinished(async () => void (await delivery.shutdown({ timeoutMs: 0 })));
  const processor = new DeliverySpanProcessor(delivery, {
    serializer: serializerOf('traces', 'http/json'),
    contentType: 'application/json',
    flushTimeoutMillis: 500,
  });
  const provider = new TracerProvider({ spanProcessors: [processor] });
  provider.getTracer('a').startSpan('a').end();
  await expect(processor.forceFlush()).rejects.toThrow(
    `traces: 1 record waits in ${spoolDirectory}: 503 Service Unavailable`,
  );
  // The SDK rejects with a list, one of each processor that failed.
  await expect(provider.forceFlush()).rejects.toMatchObject([{ code: 'undelivered', waiting: 1 }]);

  status = '400 Bad Request';
  await expect(processor.forceFlush()).rejects.toThrow(
    'traces: 1 record lost or set aside: 400 Bad Request',
  );
  status = '200 OK';
  provider.getTracer('a').startSpan('b').end();
  await provider.forceFlush();
  expect(delivery.report().traces).toMatchObject({ delivered: 1, lost: { rejected: 1 } });
});
