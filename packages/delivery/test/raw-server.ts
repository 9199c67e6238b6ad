import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';

/** A TCP server on loopback that does with its connections what a test wants. */
export interface RawServer {
  readonly url: string;
  readonly connections: number;
  close(): Promise<void>;
}

export async function startRawServer(
  onConnection: (socket: Socket, index: number) => void,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket, connections);
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    get connections() {
      return connections;
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Calls back with each whole HTTP request that comes over a connection: its text up to the end of its body. */
export function onHttpRequest(
  socket: Socket,
  answer: (request: string, index: number) => void,
): void {
  let text = '';
  let index = 0;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (;;) {
      const head = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      const end = head + 4 + length;
      if (head < 0 || text.length < end) return;
      answer(text.slice(0, end), index++);
      text = text.slice(end);
    }
  });
}
