import { describeError } from './describe-error.ts';
import { encodeBody } from './encode-body.ts';
import { type HttpAnswer, httpPost } from './http-post.ts';
import { OpenSockets } from './open-sockets.ts';
import { type OtlpDestination } from './otlp-destination.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { outcomeOf } from './outcome-of.ts';
import { publicUrl } from './public-url.ts';
import { requestHeaders } from './request-headers.ts';
import { untilAborted, withTimeLimit } from './time-limit.ts';
import { type SendOutcome, type Transport } from './transport.ts';
import { untraced } from './untraced.ts';
import { warn } from './warn.ts';

/** Sends requests over HTTP or HTTPS. */
export class HttpTransport implements Transport {
  readonly #destination: OtlpDestination;
  readonly #sockets = new OpenSockets();
  readonly #closed = new AbortController();
  #hasWarned = false;

  constructor(destination: OtlpDestination) {
    this.#destination = destination;
  }

  async send(request: OtlpRequest, cut: AbortSignal): Promise<SendOutcome> {
    const cuts = [cut, this.#closed.signal];
    const answer = await withTimeLimit(this.#destination.timeoutMs, cuts, (limit) =>
      // Else the instrumentation of HTTP would make spans of sending spans.
      untraced(() => this.#post(request, limit)),
    );
    return outcomeOf(answer, request, () => {
      this.#warnOfAnswer();
    });
  }

  holdProcess(holds: boolean): void {
    this.#sockets.hold(holds);
  }

  /** Breaks off what is under way, and gives the connections back. */
  close(): void {
    this.#closed.abort(new Error('closed'));
    this.#destination.close();
  }

  /** Never rejects. */
  async #post(request: OtlpRequest, limit: AbortSignal): Promise<HttpAnswer> {
    let letGo = (): void => undefined;
    try {
      const destination = await untilAborted(() => this.#destination.resolve(), limit);
      const { url, agent } = destination;
      const { body, encoding } = await encodeBody(request, destination.compression);
      const headers = requestHeaders(destination.headers, request.contentType, encoding);
      return await httpPost({
        url,
        headers,
        body,
        agent,
        limit,
        onSocket: (socket) => {
          letGo();
          letGo = this.#sockets.add(socket);
        },
      });
    } catch (error) {
      // The user's own headers or agent failed, or a body is damaged: nothing was sent.
      return {
        kind: 'failed',
        message: describeError(error),
        isRefused: false,
        isUnanswered: false,
      };
    } finally {
      letGo();
    }
  }

  #warnOfAnswer(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { signal, url } = this.#destination;
    warn(
      `${publicUrl(url)} takes ${signal}, but its answers are no OTLP; what it rejects cannot be known`,
    );
  }
}
