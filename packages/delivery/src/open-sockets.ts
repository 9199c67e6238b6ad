import { type Socket } from 'node:net';
import { isOnlyConnecting } from './is-only-connecting.ts';

/** How often it is looked whether the program has come to its end. */
const LOOK_EVERY_MS = 100;
/** A connection that takes no longer is left in peace. */
const TIME_TO_CONNECT_MS = 500;

/** The connections over which something is under way: they keep the process alive, or do not. */
export class OpenSockets {
  /** With the time of their beginning, by `performance.now()`. */
  readonly #sockets = new Map<Socket, number>();
  #holds = false;
  #lookOut: NodeJS.Timeout | undefined;

  /**
   * Takes a connection in, also one that is only being made.
   * @returns lets go of it
   */
  add(socket: Socket): () => void {
    const apply = (): void => {
      this.#apply(socket);
    };
    this.#sockets.set(socket, performance.now());
    // While it tries one address after the other, Node begins anew, and forgets what was said before.
    if (socket.connecting) socket.once('connect', apply);
    apply();
    this.#lookOut ??= setInterval(() => {
      this.#look();
    }, LOOK_EVERY_MS).unref();
    return () => {
      socket.off('connect', apply);
      this.#sockets.delete(socket);
      if (this.#sockets.size > 0) return;
      clearInterval(this.#lookOut);
      this.#lookOut = undefined;
    };
  }

  /** From now on they keep the process alive, or do not. */
  hold(holds: boolean): void {
    this.#holds = holds;
    for (const socket of this.#sockets.keys()) this.#apply(socket);
  }

  #apply(socket: Socket): void {
    if (this.#holds) socket.ref();
    else socket.unref();
  }

  /**
   * A connection that is being made keeps the process alive whatever it is told, for minutes where a firewall swallows
   * what is sent: so it is given up when the program has come to its end.
   */
  #look(): void {
    const latest = performance.now() - TIME_TO_CONNECT_MS;
    const late = [...this.#sockets].filter(
      ([socket, begin]) => socket.connecting && begin <= latest,
    );
    if (this.#holds || late.length === 0 || !isOnlyConnecting()) return;
    for (const [socket] of late) {
      socket.destroy(new Error('the program ended before there was a connection'));
    }
  }
}
