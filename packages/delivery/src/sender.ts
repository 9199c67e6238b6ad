import { diag } from '@opentelemetry/api';
import { type RequestFate } from './delivery.ts';
import { FlushWaits, type Progress } from './flush-waits.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { Pause } from './pause.ts';
import { RequestFates } from './request-fates.ts';
import { RequestQueue } from './request-queue.ts';
import { type SetAside } from './request-store.ts';
import { type SenderParts } from './sender-parts.ts';
import { Spiller } from './spiller.ts';
import { splitRequest } from './split-request.ts';
import { type SendOutcome } from './transport.ts';
import { type Turn, Turns, sequenceOf } from './turns.ts';

type Unavailable = Extract<SendOutcome, { kind: 'unavailable' }>;

// A collector that answers one request with an error of its own again and again may take the others.
const TRIES_BEFORE_STEPPING_BACK = 10;

/**
 * Sends the requests of one signal, one at a time and in order, as often as it takes. What the collector does not take
 * now, and what has waited in memory for a while, goes to the disk and is sent from there.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #queue: RequestQueue;
  readonly #turns: Turns;
  readonly #spiller: Spiller;
  readonly #waits = new FlushWaits();
  readonly #pause = new Pause();
  readonly #cut = new AbortController();
  readonly #fates = new RequestFates();
  #isRunning = false;
  #sending: { readonly sequence: number; readonly since: number } | undefined;
  #unavailable: { readonly outcome: Unavailable; readonly nextTryAt: number } | undefined;
  #serverErrors = 0;
  #isStopped = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#queue = new RequestQueue(parts.budget, ({ request, settle }) => {
      parts.account.countLost('memory_full', request.records);
      settle('lost');
    });
    this.#turns = new Turns(parts.signal, this.#queue, parts.store);
    this.#spiller = new Spiller(this.#queue, parts);
  }

  /** Records that are in memory alone. */
  get recordsInMemory(): number {
    return this.#queue.records;
  }

  /** Time of the oldest record in memory, in milliseconds since the Unix epoch. */
  get oldestInMemory(): number | undefined {
    return this.#queue.oldest;
  }

  /** Why the disk did not take the last request. */
  get spoolError(): string | undefined {
    return this.#spiller.error;
  }

  /** Takes a request. The promise says what becomes of it, whenever that is known. */
  add(request: OtlpRequest): Promise<RequestFate> {
    if (request.isSuperseded) {
      for (const earlier of this.#fates.supersede(this.#sending?.sequence)) {
        this.#waits.follow(earlier, request.sequence);
      }
    }
    const fate = this.#fates.of(request.sequence, request.isSuperseded);
    this.#enqueue(request);
    return fate;
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#isRunning || this.#isStopped) return;
    void this.#run();
  }

  /** Resolves when everything there is has been sent, when trying on makes no sense now, or when the time is up. */
  async flushBy(deadline: number): Promise<void> {
    const { transport, nextSequence } = this.#parts;
    transport.holdProcess(true);
    // Only what the server asked for is waited for.
    if (this.#unavailable?.outcome.retryAfterMs === undefined) {
      this.#unavailable = undefined;
      this.#pause.cut();
    }
    this.wake();
    await this.#waits.until(nextSequence(), deadline, this.#progress());
    if (this.#waits.isEmpty) transport.holdProcess(false);
  }

  /** Puts everything that is in memory alone on the disk. Never rejects. */
  spill(): Promise<void> {
    return this.#spiller.spill(Infinity, { anyway: true });
  }

  /**
   * Stops for good.
   * @returns what is in memory alone, on its way or not, and whether it makes sense to send it at once
   */
  stop(): { readonly requests: readonly OtlpRequest[]; readonly isAvailable: boolean } {
    const { now, spillAfterMs, transport } = this.#parts;
    this.#isStopped = true;
    this.#spiller.stop();
    const hangs = this.#sending !== undefined && now() - this.#sending.since > spillAfterMs;
    this.#cut.abort(new Error('the process ends'));
    this.#pause.cut();
    transport.close();
    return {
      requests: this.#queue.entries.flatMap(({ request, stored }) =>
        stored === undefined ? request : [],
      ),
      isAvailable: this.#unavailable === undefined && !hangs,
    };
  }

  #enqueue(request: OtlpRequest): void {
    // The queue may pack its request: what tells of it must not hold on to the bytes as they came.
    const { sequence } = request;
    this.#queue.add(request, this.#parts.now(), (fate) => this.#fates.tell(sequence, fate));
    this.wake();
    if (this.#unavailable === undefined) this.#spiller.spillLater();
    else void this.#spiller.spill(this.#parts.now());
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (
      let turn = this.#turns.next();
      turn !== undefined && !this.#isStopped;
      turn = this.#turns.next()
    ) {
      try {
        await this.#take(turn);
      } catch (error) {
        diag.error('milepost: a request could not be dealt with', error);
        await this.#pause.wait(this.#parts.backoff.next());
      }
      this.#waits.check(this.#progress());
    }
    this.#isRunning = false;
  }

  async #take(turn: Turn): Promise<void> {
    const { store, transport, maxAgeMs, now } = this.#parts;
    const writing = turn.from === 'memory' ? this.#spiller.writing(turn.entry) : undefined;
    if (writing !== undefined) {
      // On disk it has its turn again.
      await writing;
      return;
    }
    const request = turn.from === 'memory' ? turn.entry.request : await store.read(turn.stored);
    if (this.#isStopped) return;
    if (request === undefined) {
      if (turn.from === 'own') this.#fates.tell(turn.stored.sequence, 'lost');
      return;
    }
    if (request.time < now() - maxAgeMs) {
      const message = `older than ${Math.round(maxAgeMs / 3_600_000)} hours`;
      await this.#setAside(turn, request, { reason: 'too_old', message });
      return;
    }
    if (turn.from === 'memory') turn.entry.isBeingSent = true;
    this.#sending = { sequence: turn.from === 'adopted' ? 0 : request.sequence, since: now() };
    const outcome = await transport.send(request, this.#cut.signal);
    this.#sending = undefined;
    if (turn.from === 'memory') turn.entry.isBeingSent = false;
    if (this.#isStopped) return;
    if (outcome.kind === 'unavailable') await this.#postpone(turn, request, outcome);
    else await this.#settle(turn, request, outcome);
  }

  async #settle(
    turn: Turn,
    request: OtlpRequest,
    outcome: Exclude<SendOutcome, Unavailable>,
  ): Promise<void> {
    const { account, backoff } = this.#parts;
    backoff.reset();
    this.#serverErrors = 0;
    this.#unavailable = undefined;
    account.error = undefined;
    switch (outcome.kind) {
      case 'accepted': {
        const rejected = Math.min(outcome.rejected, request.records);
        account.countDelivered(request.records - rejected);
        account.countLost('rejected', rejected);
        if (outcome.message !== undefined) {
          diag.warn(`milepost: the collector took ${request.signal} and said: ${outcome.message}`);
        }
        await this.#forget(turn, 'delivered');
        return;
      }
      case 'refused':
        await this.#setAside(turn, request, outcome);
        return;
      case 'too_large': {
        const { status, message } = outcome;
        const halves = splitRequest(request);
        if (halves !== undefined) await this.#replace(turn, halves);
        else await this.#setAside(turn, request, { reason: 'too_large', status, message });
      }
    }
  }

  /** Waits until the collector may take requests again. */
  async #postpone(turn: Turn, request: OtlpRequest, outcome: Unavailable): Promise<void> {
    const { account, backoff, now } = this.#parts;
    account.error = outcome.message;
    const pauseMs = backoff.next(outcome.retryAfterMs);
    this.#unavailable = { outcome, nextTryAt: now() + pauseMs };
    // What has its copy on disk by now is sent from there.
    if (turn.from === 'memory' && turn.entry.stored !== undefined) this.#queue.remove(turn.entry);
    await this.#spiller.spill(now());
    if (outcome.status === 500) {
      this.#serverErrors += 1;
      // From now on each request gets one try, until one is taken.
      if (this.#serverErrors >= TRIES_BEFORE_STEPPING_BACK) await this.#replace(turn, [request]);
    }
    this.#waits.check(this.#progress());
    // A flush that came meanwhile wants a try at once.
    if (this.#unavailable !== undefined) await this.#pause.wait(pauseMs);
  }

  /** Puts others, or itself, behind all requests in the place of one. */
  async #replace(turn: Turn, requests: readonly OtlpRequest[]): Promise<void> {
    const { store, nextSequence, account } = this.#parts;
    // Parts of one request do not supersede each other.
    const parts = requests.map((request) => ({
      ...request,
      sequence: nextSequence(),
      isSuperseded: false,
    }));
    if (turn.from !== 'adopted') {
      this.#fates.replace(
        sequenceOf(turn),
        parts.map(({ sequence }) => sequence),
      );
    }
    for (const part of parts) {
      this.#waits.follow(turn.from === 'adopted' ? 0 : sequenceOf(turn), part.sequence);
      try {
        await store.append(part);
      } catch (error) {
        account.error = error instanceof Error ? error.message : String(error);
        this.#enqueue(part);
      }
    }
    await this.#forget(turn, 'superseded');
  }

  async #setAside(turn: Turn, request: OtlpRequest, why: SetAside): Promise<void> {
    const { store, account } = this.#parts;
    await store.setAside(request, why);
    account.countLost(why.reason, request.records);
    account.error = why.message;
    await this.#forget(turn, 'lost');
  }

  async #forget(turn: Turn, fate: RequestFate): Promise<void> {
    const { store } = this.#parts;
    if (turn.from === 'memory') {
      this.#queue.remove(turn.entry);
      // Its copy may be on its way to the disk.
      await this.#spiller.writing(turn.entry);
    }
    const stored = turn.from === 'memory' ? turn.entry.stored : turn.stored;
    if (stored !== undefined) await store.remove(stored);
    if (turn.from !== 'adopted') this.#fates.tell(sequenceOf(turn), fate);
  }

  #progress(): Progress {
    const { store, signal } = this.#parts;
    const [inMemory] = this.#queue.entries;
    const sequences = [
      inMemory?.request.sequence,
      store.firstOwn(signal)?.sequence,
      store.firstAdopted(signal) && 0,
    ].filter((sequence) => sequence !== undefined);
    return {
      oldest: sequences.length === 0 ? undefined : Math.min(...sequences),
      isSafe:
        this.#spiller.error !== undefined ||
        this.#queue.entries.every(({ stored }) => stored !== undefined),
      nextTryAt: this.#unavailable?.nextTryAt,
      isRefused: this.#unavailable?.outcome.isRefused ?? false,
    };
  }
}
