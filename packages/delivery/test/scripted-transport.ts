import { gunzipSync } from 'node:zlib';
import { type OtlpRequest, type SendOutcome, type Transport } from '@milepost/delivery';

/** A collector that answers as it is told, and remembers what it was sent. */
export class ScriptedTransport implements Transport {
  /** Texts of all bodies, in the order of the tries. */
  readonly tried: string[] = [];
  /** Texts of the bodies that were accepted. */
  readonly accepted: string[] = [];
  /** How many tries went on at the same time at most. */
  mostAtOnce = 0;
  answer: (body: string, request: OtlpRequest) => SendOutcome | Promise<SendOutcome> = () =>
    ACCEPTED;
  readonly #isFlushed = Promise.withResolvers<void>();
  #open = 0;

  /** Resolves when a flush waits for the first time. */
  get flushed(): Promise<void> {
    return this.#isFlushed.promise;
  }

  async send(request: OtlpRequest, cut: AbortSignal): Promise<SendOutcome> {
    const body = textOf(request);
    this.tried.push(body);
    this.#open += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#open);
    const { promise, resolve } = Promise.withResolvers<SendOutcome>();
    cut.addEventListener('abort', () => resolve(busy({ message: 'cut' })));
    const outcome = await Promise.race([this.answer(body, request), promise]);
    this.#open -= 1;
    if (outcome.kind === 'accepted') this.accepted.push(body);
    return outcome;
  }

  holdProcess(holds: boolean): void {
    if (holds) this.#isFlushed.resolve();
  }

  close(): void {}
}

export const ACCEPTED: SendOutcome = { kind: 'accepted', rejected: 0 };

type Unavailable = Extract<SendOutcome, { kind: 'unavailable' }>;

export function busy(more: Partial<Unavailable> = {}): Unavailable {
  return {
    kind: 'unavailable',
    message: 'busy',
    isRefused: false,
    isUnanswered: false,
    ...more,
  };
}

/** Nobody listens. */
export function refusing(): Unavailable {
  return busy({ message: 'refused', isRefused: true });
}

export function textOf({ body, encoding }: OtlpRequest): string {
  return Buffer.from(encoding === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}
