import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Behaviour } from './behaviour.ts';
import { type MisbehavingServer, startMisbehavingServer } from './start-misbehaving-server.ts';

let server: MisbehavingServer;

beforeAll(async () => {
  server = await startMisbehavingServer();
});
beforeEach(() => server.behave({ kind: 'accept' }));
afterAll(() => server.close());

const PATIENCE_MS = 200;
let lastId = 0;

/** What an HTTP client sees that sends logs, each with a key of its own, on a connection of its own. */
async function send(records = 1): Promise<{ saw: string; keys: string[] }> {
  const bodies = Array.from({ length: records }, () => `line-${(lastId += 1)}`);
  const logRecords = bodies.map((body) => ({ body: { stringValue: body } }));
  const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  const headers = { 'content-type': 'application/json', 'x-sender': 'test' };
  const saw = await new Promise<string>((resolve) => {
    const out = request(`${server.url}/v1/logs`, { method: 'POST', headers, agent: false });
    out.on('response', (response: IncomingMessage) => {
      const wish = response.headers['retry-after'];
      text(response).then(
        (answer) => resolve([response.statusCode, wish, answer].filter(Boolean).join(' ')),
        (error: unknown) => resolve(`${response.statusCode} and ${codeOf(error)}`),
      );
    });
    out.on('error', (error) => resolve(codeOf(error)));
    out.setTimeout(PATIENCE_MS, () => {
      resolve('nothing');
      out.destroy();
    });
    out.end(body);
  });
  return { saw, keys: bodies.map((line) => `-//${line}`) };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

const rows: [behaviour: Behaviour, saw: string | RegExp, outcome: string | undefined][] = [
  [{ kind: 'accept' }, '200 {}', 'acknowledged'],
  [{ kind: 'accept', afterMs: 20 }, '200 {}', 'acknowledged'],
  [{ kind: 'refuse' }, 'ECONNREFUSED', undefined],
  [{ kind: 'hang' }, 'nothing', undefined],
  [{ kind: 'silent' }, 'nothing', 'unanswered'],
  [{ kind: 'reset_body' }, 'ECONNRESET', undefined],
  [{ kind: 'lose_answer' }, 'ECONNRESET', 'unanswered'],
  [{ kind: 'cut_answer', in: 'head' }, /ECONNRESET|HPE/, 'unanswered'],
  [{ kind: 'cut_answer', in: 'body' }, '200 and ECONNRESET', 'unanswered'],
  [{ kind: 'status', status: 400 }, '400', 'refused'],
  [{ kind: 'status', status: 503, retryAfterSeconds: 7 }, '503 7', 'refused'],
  [{ kind: 'status', status: 429, retryAfterSeconds: 7, asDate: true }, /^429 .* GMT$/, 'refused'],
  [{ kind: 'limit', bytes: 10 }, '413', 'refused'],
  [{ kind: 'limit', bytes: 10_000 }, '200 {}', 'acknowledged'],
  [{ kind: 'not_http' }, /HPE/, undefined],
  [{ kind: 'rubbish_body' }, /^200 <html>/, 'refused'],
];

test.for(rows)('%o', async ([behaviour, expected, outcome]) => {
  await server.behave(behaviour);
  const { saw, keys } = await send();
  expect(saw).toEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected);
  const entry = { at: expect.any(Number), sender: 'test', signal: 'logs', outcome, keys };
  const noted = (await server.ledger()).filter((one) => one.keys.includes(keys[0] ?? ''));
  expect(noted).toEqual(outcome === undefined ? [] : [entry]);
});

test('partial success: the first are refused, the others taken', async () => {
  await server.behave({ kind: 'partial', rejected: 2 });
  const { saw, keys } = await send(5);
  expect(JSON.parse(saw.slice(4))).toEqual({
    partialSuccess: { rejectedLogRecords: '2', errorMessage: 'too many' },
  });
  const noted = (await server.ledger()).filter((one) => keys.includes(one.keys[0] ?? ''));
  expect(noted).toMatchObject([
    { outcome: 'acknowledged', keys: keys.slice(2) },
    { outcome: 'refused', keys: keys.slice(0, 2) },
  ]);
});

test('misbehaves for as many requests of a signal as told, then accepts', async () => {
  await server.behave({ kind: 'status', status: 500 }, 2);
  const saw: string[] = [];
  for (let n = 0; n < 3; n += 1) saw.push((await send()).saw);
  expect(saw).toEqual(['500', '500', '200 {}']);
});

test('listens at the same port after it refused', async () => {
  await server.behave({ kind: 'refuse' });
  expect((await send()).saw).toBe('ECONNREFUSED');
  await server.behave({ kind: 'accept' });
  expect((await send()).saw).toBe('200 {}');
});
