import { once } from 'node:events';
import { type Socket, connect, createServer } from 'node:net';

/** A TCP proxy that keeps each byte back for a while, in both directions. */
export class SlowProxy {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Socket>;

  private constructor(port: number, server: ReturnType<typeof createServer>, sockets: Set<Socket>) {
    this.port = port;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** @param delayMs how long each byte is kept back */
  static async start(target: number, delayMs: number): Promise<SlowProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      const pass = (from: Socket, to: Socket): void => {
        sockets.add(from);
        from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs));
        from.on('close', () => setTimeout(() => to.destroy(), delayMs));
        from.on('error', () => undefined);
      };
      pass(near, far);
      pass(far, near);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('there is no port');
    return new SlowProxy(address.port, server, sockets);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
