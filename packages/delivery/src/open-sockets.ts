import { type Socket } from 'node:net';

/** The connections over which something is under way: they keep the process alive, or do not. */
export class OpenSockets {
  readonly #sockets = new Set<Socket>();
  #holds = false;

  /**
   * Takes a connection in, also one that is only being made.
   * @returns lets go of it
   */
  add(socket: Socket): () => void {
    const apply = (): void => {
      this.#apply(socket);
    };
    this.#sockets.add(socket);
    // While it tries one address after the other, Node begins anew, and forgets what was said before.
    if (socket.connecting) socket.once('connect', apply);
    apply();
    return () => {
      socket.off('connect', apply);
      this.#sockets.delete(socket);
    };
  }

  /** From now on they keep the process alive, or do not. */
  hold(holds: boolean): void {
    this.#holds = holds;
    for (const socket of this.#sockets) this.#apply(socket);
  }

  #apply(socket: Socket): void {
    if (this.#holds) socket.ref();
    else socket.unref();
  }
}
