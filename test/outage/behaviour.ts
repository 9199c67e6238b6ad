/** How the misbehaving server treats who connects. */
export type Behaviour =
  /** Takes each request and answers 200, `afterMs` later. */
  | { readonly kind: 'accept'; readonly afterMs?: number }
  /** Nobody listens at the port; open connections are reset. */
  | { readonly kind: 'refuse' }
  /** Connections open, and nothing is ever read from them. */
  | { readonly kind: 'hang' }
  /** Takes the request and never answers. */
  | { readonly kind: 'silent' }
  /** Resets the connection when a part of the request's body has come. */
  | { readonly kind: 'reset_body' }
  /** Takes the request and resets the connection before the answer. */
  | { readonly kind: 'lose_answer' }
  /** Takes the request and resets the connection in the middle of the answer's head or body. */
  | { readonly kind: 'cut_answer'; readonly in: 'head' | 'body' }
  /** Answers with a status and does not take the request. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly retryAfterSeconds?: number;
      /** Gives `Retry-After` as a date. */
      readonly asDate?: boolean;
    }
  /** Answers 413 to a body of more bytes than these, counted as sent; takes the others. */
  | { readonly kind: 'limit'; readonly bytes: number }
  /** Takes each request but for its first records. */
  | { readonly kind: 'partial'; readonly rejected: number }
  /** Answers something that is no HTTP. */
  | { readonly kind: 'not_http' }
  /** Answers 200 with a page that is no OTLP, as a proxy in between does, and does not take the request. */
  | { readonly kind: 'rubbish_body' };

/** What is said to the server's process, which says when it is done. */
export interface Command {
  readonly id: number;
  /** Default: as before. */
  readonly behaviour?: Behaviour;
  /** For how many requests of each signal; then it accepts. Default: until told otherwise. */
  readonly requests?: number;
}

/** What the server's process says: where it listens, that it has done as told, or what it has seen so far. */
export type Notice =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done'; readonly id: number }
  | ({ readonly kind: 'seen' } & Seen);

/** What the server has seen since it runs. */
export interface Seen {
  readonly connections: number;
  /** Requests whose body came whole, by signal. */
  readonly requests: Readonly<Record<string, number>>;
  /** Records acknowledged, by signal, those that came twice counted twice. */
  readonly acknowledged: Readonly<Record<string, number>>;
}
