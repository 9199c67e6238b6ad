import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpServer } from './otlp-server/index.ts';
import { runProgram } from './telemetry-programs/run-program.ts';

/** What the program prints that sends one request and does nothing else. */
async function printedBy(url: string, ...args: readonly string[]): Promise<unknown[]> {
  const { stdout } = await runProgram('../delivery-programs/send-in-background.mjs', {
    args,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TIMEOUT: '2000' },
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function startHangingServer(): Promise<string> {
  const server = await startOtlpServer();
  onTestFinished(() => server.close());
  server.answer = 'hang';
  return server.url;
}

/** A URL where connections are neither made nor refused. */
async function swallowConnections(): Promise<string> {
  const file = new URL('delivery-programs/swallow-connections.mjs', import.meta.url);
  const child = spawn(process.execPath, [fileURLToPath(file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  // More than the queue holds; the system takes the first of them.
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').unref());
  for (const filler of fillers) filler.on('error', () => undefined);
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy();
  });
  await Promise.any(fillers.map((filler) => once(filler, 'connect')));
  return `http://127.0.0.1:${port}`;
}

const NOTHING_TO_DO = 'nothing to do';
const unavailable = { kind: 'unavailable', isRefused: false };

test('an open try does not keep a program alive', async () => {
  expect(await printedBy(await startHangingServer())).toEqual([NOTHING_TO_DO]);
});

test('an open try keeps a program alive from when that is wanted', async () => {
  expect(await printedBy(await startHangingServer(), 'hold')).toEqual([
    { ...unavailable, isUnanswered: true, message: 'no answer within 2000 ms' },
    NOTHING_TO_DO,
  ]);
});

test('a connection that is being made is given up when the program has ended', async () => {
  expect(await printedBy(await swallowConnections())).toEqual([
    {
      ...unavailable,
      isUnanswered: false,
      message: 'the program ended before there was a connection',
    },
    NOTHING_TO_DO,
  ]);
});

test('a connection that is being made is waited for while that is wanted', async () => {
  expect(await printedBy(await swallowConnections(), 'hold')).toEqual([
    { ...unavailable, isUnanswered: false, message: 'no answer within 2000 ms' },
    NOTHING_TO_DO,
  ]);
});
