import { type Agent as HttpAgent } from 'node:http';
import { type Agent as HttpsAgent } from 'node:https';

/** Where requests of a signal go, with everything that takes time to find out found out. */
export interface ResolvedDestination {
  readonly url: string;
  /** Names in lower case. Without content type and encoding, which each request has of its own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: HttpAgent | HttpsAgent;
  /** How bodies are sent. */
  readonly compression: 'none' | 'gzip';
  /** Time for one request: to connect, to send and to be answered. */
  readonly timeoutMs: number;
}
