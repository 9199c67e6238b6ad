import { Agent } from 'node:http';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { isTracingSuppressed } from '@opentelemetry/core';
import { expect, onTestFinished, test } from 'vitest';
import { HttpTransport, otlpDestination } from '@milepost/delivery';
import { onHttpRequest, startRawServer } from './raw-server.ts';
import { traceRequest } from './trace-request.ts';

test('sending is not traced, and belongs to no span of the user', async () => {
  const server = await startRawServer((socket) => {
    onHttpRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  onTestFinished(() => server.close());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  onTestFinished(() => {
    context.disable();
  });
  const contexts: { isSuppressed: boolean; hasSpan: boolean }[] = [];
  const look = (): void => {
    const active = context.active();
    const hasSpan = trace.getSpanContext(active) !== undefined;
    contexts.push({ isSuppressed: isTracingSuppressed(active), hasSpan });
  };
  class LookingAgent extends Agent {
    override createConnection(
      ...args: Parameters<Agent['createConnection']>
    ): ReturnType<Agent['createConnection']> {
      look();
      return super.createConnection(...args);
    }
  }
  const headers = (): Promise<Record<string, string>> => {
    look();
    return Promise.resolve({});
  };
  const destination = otlpDestination('traces', {
    url: server.url,
    headers,
    httpAgentOptions: () => new LookingAgent(),
  });
  const span = trace.wrapSpanContext({
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    traceFlags: 1,
  });
  const sent = context.with(trace.setSpan(context.active(), span), () =>
    new HttpTransport(destination).send(traceRequest(), new AbortController().signal),
  );
  expect(await sent).toEqual({ kind: 'accepted', rejected: 0 });
  const untraced = { isSuppressed: true, hasSpan: false };
  expect(contexts).toEqual([untraced, untraced]);
});
