import { type RequestFate } from './delivery.ts';
import { describeError } from './describe-error.ts';
import { FlushWaits, type Progress } from './flush-waits.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { Replacer } from './replacer.ts';
import { RequestFates } from './request-fates.ts';
import { RequestQueue } from './request-queue.ts';
import { type SetAside } from './request-store.ts';
import { RestPeriod } from './rest-period.ts';
import { type SenderParts } from './sender-parts.ts';
import { Spiller } from './spiller.ts';
import { splitRequest } from './split-request.ts';
import { type SendOutcome } from './transport.ts';
import { type Turn, Turns, sequenceOf } from './turns.ts';
import { warn } from './warn.ts';

type Unavailable = Extract<SendOutcome, { kind: 'unavailable' }>;

/** Answers of a server that may have to do with the one request that they are to. */
const DOUBTFUL_STATUSES: ReadonlySet<number | undefined> = new Set([500, 502, 504]);

// A collector that fails at one request again and again may take the others.
const TRIES_BEFORE_STEPPING_BACK = 10;

/**
 * Sends the requests of one signal, one at a time and in order, as often as it takes. What the collector does not take
 * now, and what has waited in memory for a while, goes to the disk and is sent from there.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #queue: RequestQueue;
  readonly #turns: Turns;
  readonly #replacer: Replacer;
  readonly #spiller: Spiller;
  readonly #waits = new FlushWaits();
  readonly #rest: RestPeriod;
  readonly #cut = new AbortController();
  readonly #fates = new RequestFates();
  #isRunning = false;
  #sending: { readonly sequence: number; readonly since: number } | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#queue = new RequestQueue(parts.budget, ({ request, settle }) => {
      parts.account.countLost('memory_full', request.records);
      settle('lost');
    });
    this.#rest = new RestPeriod(parts.backoff, parts.now);
    this.#turns = new Turns(parts.signal, this.#queue, parts.store);
    this.#spiller = new Spiller(this.#queue, parts);
    this.#replacer = new Replacer(parts, this.#fates, this.#waits, (request) =>
      this.#enqueue(request),
    );
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

  /** Something became of a request without this sender. */
  tell(sequence: number, fate: RequestFate): void {
    this.#fates.tell(sequence, fate);
    this.#waits.check(this.#progress());
  }

  /** The same for all that nobody has been told of. */
  tellRest(fate: RequestFate): void {
    this.#fates.tellRest(fate);
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
    this.#rest.cut();
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
    const { elapsed, spillAfterMs, transport } = this.#parts;
    this.#isStopped = true;
    this.#replacer.undoSync();
    this.#spiller.stop();
    const hangs = this.#sending !== undefined && elapsed() - this.#sending.since > spillAfterMs;
    this.#cut.abort(new Error('the process ends'));
    const isAvailable = !this.#rest.isOn && !hangs;
    this.#rest.end();
    transport.close();
    return {
      requests: this.#queue.entries.flatMap(({ request, stored }) =>
        stored === undefined ? request : [],
      ),
      isAvailable,
    };
  }

  #enqueue(request: OtlpRequest): void {
    // The queue may pack its request: what tells of it must not hold on to the bytes as they came.
    const { sequence } = request;
    const { elapsed } = this.#parts;
    this.#queue.add(request, elapsed(), (fate) => this.#fates.tell(sequence, fate));
    this.wake();
    if (!this.#rest.isOn) this.#spiller.spillLater();
    else void this.#spiller.spill(elapsed());
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
        // The disk does not give it now; or a defect of ours, which is no reason to stop either.
        warn(`${this.#parts.signal} could not be sent`, error);
        this.#parts.account.error = describeError(error);
        this.#rest.begin({ isRefused: false });
        await this.#pause();
      }
      this.#waits.check(this.#progress());
    }
    this.#isRunning = false;
  }

  async #take(turn: Turn): Promise<void> {
    const { store, transport, maxAgeMs, now, elapsed } = this.#parts;
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
    this.#sending = { sequence: turn.from === 'adopted' ? 0 : request.sequence, since: elapsed() };
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
    const { account } = this.#parts;
    this.#rest.succeeded();
    this.#failures = 0;
    account.error = undefined;
    switch (outcome.kind) {
      case 'accepted': {
        account.countAccepted(request.records, outcome.rejected);
        if (outcome.message !== undefined) account.told(outcome.message);
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
    this.#parts.account.error = outcome.message;
    this.#rest.begin(outcome);
    // What has its copy on disk by now is sent from there.
    if (turn.from === 'memory' && turn.entry.stored !== undefined) this.#queue.remove(turn.entry);
    await this.#spiller.spill(this.#parts.elapsed());
    if (DOUBTFUL_STATUSES.has(outcome.status) || outcome.isUnanswered) {
      this.#failures += 1;
      // From now on each request gets one try, until one is taken.
      if (this.#failures >= TRIES_BEFORE_STEPPING_BACK) await this.#stepBack(turn, request);
    }
    await this.#pause();
  }

  async #pause(): Promise<void> {
    this.#waits.check(this.#progress());
    await this.#rest.pass();
  }

  /** Puts a request behind the others, unless a later one has all that it has. */
  async #stepBack(turn: Turn, request: OtlpRequest): Promise<void> {
    const isOwn = turn.from !== 'adopted';
    if (request.isSuperseded && isOwn && this.#fates.isSuperseded(request.sequence)) {
      await this.#forget(turn, 'superseded');
    } else await this.#replace(turn, [request]);
  }

  async #replace(turn: Turn, requests: readonly OtlpRequest[]): Promise<void> {
    if (await this.#replacer.replace(turn, requests)) await this.#forget(turn, 'superseded');
  }

  async #setAside(turn: Turn, request: OtlpRequest, why: SetAside): Promise<void> {
    const { store, account } = this.#parts;
    await store.setAside(request, why);
    account.countLost(why.reason, request.records);
    account.error = why.message;
    await this.#forget(turn, 'lost');
  }

  async #forget(turn: Turn, fate: RequestFate): Promise<void> {
    const { store, signal } = this.#parts;
    if (turn.from === 'memory') {
      this.#queue.remove(turn.entry);
      // Its copy may be on its way to the disk.
      if (this.#spiller.isWriting(turn.entry)) store.forgetSync(signal, sequenceOf(turn));
    }
    const stored = turn.from === 'memory' ? turn.entry.stored : turn.stored;
    if (stored !== undefined) await store.remove(stored);
    if (turn.from !== 'adopted') this.#fates.tell(sequenceOf(turn), fate);
  }

  #progress(): Progress {
    const { store, signal } = this.#parts;
    const [inMemory] = this.#queue.entries;
    return {
      oldest: smallest(
        inMemory?.request.sequence,
        store.firstOwn(signal)?.sequence,
        store.firstAdopted(signal) && 0,
      ),
      isSafe:
        this.#spiller.isFutile || this.#queue.entries.every(({ stored }) => stored !== undefined),
      nextTryAt: this.#rest.until,
      isRefused: this.#rest.isRefused,
    };
  }
}

function smallest(...numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
