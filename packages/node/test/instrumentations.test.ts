import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { type pino as Pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { withRun, withStage } from '@milepost/core';
import {
  MilepostIdGenerator,
  MilepostSampler,
  ScopeLogRecordProcessor,
  ScopeSpanProcessor,
} from '@milepost/node';
import { startInMemorySdk } from './in-memory-sdk.ts';

// Instrumentations patch what is required after they were enabled.
const require = createRequire(import.meta.url);
const RUN_ID = 'alameda_1737072000_abc123';

function start(): ReturnType<typeof startInMemorySdk> {
  const instrumentations = [new HttpInstrumentation(), new PinoInstrumentation()];
  onTestFinished(() => {
    for (const instrumentation of instrumentations) instrumentation.disable();
  });
  return startInMemorySdk({
    instrumentations,
    idGenerator: new MilepostIdGenerator(),
    sampler: new MilepostSampler(),
    spanProcessors: [new ScopeSpanProcessor()],
    logRecordProcessors: [new ScopeLogRecordProcessor()],
  });
}

async function listen(): Promise<string> {
  const server = http.createServer((_request, response) => response.end('ok'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/page.pdf`;
}

test('an HTTP request below a stage carries its run and is no stage', async () => {
  const { spans } = start();
  const url = await listen();
  const patched = require('node:http') as typeof http;
  const get = async (): Promise<void> => {
    const [response] = (await once(patched.get(url), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
  };
  await get();
  await withRun({ pipeline: 'minutes', subdomain: 'alameda', runId: RUN_ID }, () =>
    withStage('fetch', get),
  );

  const clients = spans.getFinishedSpans().filter(({ name }) => name === 'GET');
  const place = { 'run.id': RUN_ID, pipeline: 'minutes', subdomain: 'alameda', stage: 'fetch' };
  const client = clients.find(({ attributes }) => attributes['run.id'] === RUN_ID);
  const stage = spans.getFinishedSpans().find(({ name }) => name === 'fetch');
  expect(client?.attributes).toMatchObject({ ...place, 'url.full': url });
  expect(client?.attributes).not.toHaveProperty('pipeline.unit');
  expect(client?.parentSpanContext?.spanId).toBe(stage?.spanContext().spanId);
  const outside = clients.filter((span) => span.attributes['stage'] === undefined);
  expect(outside.some((span) => span.attributes['url.full'] === url)).toBe(true);
});

test('a line of pino below a stage carries its run, level and status', async () => {
  const { logRecords } = start();
  const pino = require('pino') as typeof Pino;
  const logger = pino(new Writable({ write: (_chunk, _encoding, done) => done() }));
  logger.error('outside');
  await withRun({ pipeline: 'minutes', runId: RUN_ID }, () =>
    withStage('ocr', async () => {
      logger.info({ page: 3 }, 'page read');
      logger.error('page lost');
    }),
  );

  const place = { 'run.id': RUN_ID, pipeline: 'minutes', stage: 'ocr' };
  const lines = logRecords
    .getFinishedLogRecords()
    .filter(({ instrumentationScope }) => instrumentationScope.name.includes('pino'))
    .map(({ body, attributes }) => ({ body, attributes }));
  expect(lines).toEqual([
    { body: 'outside', attributes: {} },
    { body: 'page read', attributes: { page: 3, ...place, level: 'info' } },
    { body: 'page lost', attributes: { ...place, level: 'error', status: 'failed' } },
  ]);
});
