import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request on its way to the server. */
export interface PassedRequest {
  readonly method: string;
  /** With its query, as it was sent. */
  readonly url: string;
  readonly body: Buffer;
}

/**
 * What becomes of a request: undefined lets it pass; a body takes the place of its own; an answer comes instead of the server's.
 * While it is not decided, the request waits.
 */
export type Decision =
  | undefined
  | { readonly body: Buffer }
  | { readonly status: number; readonly text: string };

/** Stands before a server, notes what passes, and may change it. */
export class HttpProxy {
  readonly #target: string;
  readonly #server = createServer((incoming, outgoing) => void this.#take(incoming, outgoing));
  /** What came, in order. */
  readonly requests: { readonly method: string; readonly url: string }[] = [];
  /** Decides about each. */
  decide: (passed: PassedRequest) => Decision | Promise<Decision> = () => undefined;

  /** @param target address of the server */
  constructor(target: string) {
    this.#target = target;
  }

  async start(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many objects, or parts of them, were sent. */
  get puts(): readonly string[] {
    return this.requests.flatMap(({ method, url }) => (method === 'PUT' ? url : []));
  }

  forget(): void {
    this.requests.length = 0;
    this.decide = () => undefined;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    try {
      const body = await buffer(incoming);
      this.requests.push({ method, url });
      const decision = await this.decide({ method, url, body });
      if (decision !== undefined && 'status' in decision) {
        outgoing.writeHead(decision.status, { 'content-type': 'application/xml' });
        outgoing.end(decision.text);
        return;
      }
      const { expect: _, ...passed } = headers;
      const forward = request(new URL(url, this.#target), { method, headers: passed });
      forward.end(decision?.body ?? body);
      const [answer] = (await once(forward, 'response')) as [IncomingMessage];
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    } catch {
      // One of both ends went away.
      outgoing.destroy();
    }
  }
}
