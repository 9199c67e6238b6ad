// An OTLP server that misbehaves as it is told over IPC, in a process of its own:
// `startMisbehavingServer` starts it. Argument: the file of its ledger.
import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer as createHttp } from 'node:http';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Signal } from '../otlp-server/index.ts';
import { type Behaviour, type Command, type Notice } from './behaviour.ts';
import { type LedgerEntry } from './ledger.ts';
import { recordKeys } from './record-keys.ts';

const [ledgerPath = ''] = process.argv.slice(2);
const ledger = openSync(ledgerPath, 'a');
const HOST = '127.0.0.1';
/** Bytes of a body after which `reset_body` resets. */
const PART_OF_A_BODY = 64;
const PAGE = '<html><body>Please log in</body></html>';

let behaviour: Behaviour = { kind: 'accept' };
let remaining: Map<Signal, number> | undefined;
let listening: Server | undefined;
let port = 0;
const sockets = new Set<Socket>();
const seen = {
  connections: 0,
  requests: { traces: 0, logs: 0, metrics: 0 },
  acknowledged: { traces: 0, logs: 0, metrics: 0 },
};

function say(notice: Notice): void {
  process.send?.(notice);
}

function note(entry: Omit<LedgerEntry, 'at'>): void {
  writeSync(ledger, `${JSON.stringify({ at: Date.now(), ...entry } satisfies LedgerEntry)}\n`);
  if (entry.outcome === 'acknowledged') seen.acknowledged[entry.signal] += entry.keys.length;
  say({ kind: 'seen', ...seen });
}

/** What applies to a request that begins now. */
function behaviourFor(signal: Signal): Behaviour {
  if (remaining === undefined) return behaviour;
  const left = remaining.get(signal) ?? 0;
  remaining.set(signal, left - 1);
  return left > 0 ? behaviour : { kind: 'accept' };
}

const http = createHttp({ keepAliveTimeout: 120_000 }, (request, response) => {
  const signal = /\/v1\/(traces|logs|metrics)$/.exec(request.url ?? '')?.[1] as Signal | undefined;
  if (signal === undefined) {
    response.writeHead(404).end();
    return;
  }
  const now = behaviourFor(signal);
  if (now.kind === 'hang') request.pause();
  else if (now.kind === 'reset_body') resetInBody(request);
  else {
    receive(request).then(
      (body) => answer(now, signal, request, body, response),
      // The client is gone, killed or out of patience, and its request with it.
      () => undefined,
    );
  }
});

async function receive(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function resetInBody(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= PART_OF_A_BODY) request.socket.resetAndDestroy();
  });
  request.on('error', () => undefined);
}

function answer(
  now: Behaviour,
  signal: Signal,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): void {
  const { headers, socket } = request;
  const contentType = headers['content-type'] ?? '';
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const keys = recordKeys(signal, contentType, plain);
  const sender = String(headers['x-sender'] ?? '');
  seen.requests[signal] += 1;
  const conclude = (outcome: LedgerEntry['outcome'], of: readonly string[] = keys): void =>
    note({ sender, signal, outcome, keys: of });
  const accept = (rejected = 0): void => {
    const taken = keys.slice(rejected);
    const isJson = contentType.startsWith('application/json');
    let isWritten = false;
    response.once('finish', () => {
      isWritten = true;
      conclude('acknowledged', taken);
      if (rejected > 0) conclude('refused', keys.slice(0, rejected));
    });
    response.once('close', () => {
      if (!isWritten) conclude('unanswered', taken);
    });
    response.writeHead(200, { 'content-type': contentType });
    response.end(isJson ? partialJson(signal, rejected) : partialProtobuf(rejected));
  };

  switch (now.kind) {
    case 'accept':
      if (now.afterMs === undefined) return accept();
      // Whether or not the client waits that long: the request was taken.
      setTimeout(() => (socket.destroyed ? conclude('unanswered') : accept()), now.afterMs);
      return;
    case 'limit':
      if (body.length <= now.bytes) return accept();
      conclude('refused');
      response.writeHead(413).end();
      return;
    case 'partial':
      return accept(Math.min(now.rejected, keys.length));
    case 'status': {
      const wish = retryAfter(now);
      conclude('refused');
      response.writeHead(now.status, wish === undefined ? {} : { 'retry-after': wish }).end();
      return;
    }
    case 'rubbish_body':
      conclude('refused');
      response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
      return;
    case 'silent':
      return conclude('unanswered');
    case 'lose_answer':
      conclude('unanswered');
      socket.resetAndDestroy();
      return;
    case 'cut_answer': {
      conclude('unanswered');
      const head = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ncontent-length: 40\r\n\r\n{"par`;
      socket.write(now.in === 'body' ? head : head.slice(0, 12), () => socket.end());
      return;
    }
    // These never come as far as a whole request on a connection made since; one from before is cut.
    case 'refuse':
    case 'hang':
    case 'reset_body':
    case 'not_http':
      conclude('refused');
      socket.resetAndDestroy();
      return;
    default:
      now satisfies never;
  }
}

function retryAfter(now: Extract<Behaviour, { kind: 'status' }>): string | undefined {
  if (now.retryAfterSeconds === undefined) return undefined;
  return now.asDate === true
    ? new Date(Date.now() + now.retryAfterSeconds * 1000).toUTCString()
    : String(now.retryAfterSeconds);
}

const REJECTED_FIELDS = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

function partialJson(signal: Signal, rejected: number): string {
  if (rejected === 0) return '{}';
  const partialSuccess = { [REJECTED_FIELDS[signal]]: String(rejected), errorMessage: 'too many' };
  return JSON.stringify({ partialSuccess });
}

/** `Export*ServiceResponse { partial_success = 1 { rejected = 1: int64, error_message = 2: string } }` */
function partialProtobuf(rejected: number): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  const message = Buffer.from('too many');
  const inner = Buffer.concat([
    Buffer.from([0x08, ...varint(rejected), 0x12, message.length]),
    message,
  ]);
  return Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function connect(socket: Socket): void {
  seen.connections += 1;
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => undefined);
  if (behaviour.kind === 'hang') socket.pause();
  else if (behaviour.kind === 'not_http') {
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
  } else http.emit('connection', socket);
  say({ kind: 'seen', ...seen });
}

async function listen(): Promise<void> {
  listening = createServer(connect);
  listening.listen(port, HOST);
  await once(listening, 'listening');
  ({ port } = listening.address() as AddressInfo);
}

async function behave(now: Behaviour, requests: number | undefined): Promise<void> {
  const before = behaviour;
  behaviour = now;
  remaining =
    requests === undefined
      ? undefined
      : new Map([
          ['traces', requests],
          ['logs', requests],
          ['metrics', requests],
        ]);
  if (behaviour.kind === 'refuse' && listening !== undefined) {
    const closed = once(listening, 'close');
    listening.close();
    listening = undefined;
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  } else if (behaviour.kind === 'not_http') {
    // Its clients come anew, and so meet it.
    for (const socket of sockets) socket.resetAndDestroy();
  }
  if (before.kind === 'refuse' && behaviour.kind !== 'refuse') await listen();
}

async function obey(command: Command): Promise<void> {
  if (command.behaviour !== undefined) await behave(command.behaviour, command.requests);
  say({ kind: 'done', id: command.id });
}

process.on('message', (command: Command) => void obey(command));
process.on('disconnect', () => process.exit());
await listen();
say({ kind: 'listening', port });
