import { errorCode } from './describe-error.ts';
import { runLater, type Steps } from './steps.ts';

/** What a {@link Heartbeat} does. */
export interface HeartbeatOptions {
  readonly intervalMs: number;
  /** Asked at each beat: it rests where there is nothing to beat for. */
  readonly isNeeded: () => boolean;
  /** One beat. */
  readonly beat: () => Steps<void>;
  /** There was nothing to beat on. */
  readonly onMissing: () => Steps<void>;
}

/** A sign of life now and then, which does not keep the process alive. */
export interface Heartbeat {
  /** Begins, with a beat where it rested; nothing where it goes on. */
  start(): Steps<void>;
  stop(): void;
}

/** Makes a heartbeat that rests at first. */
export function heartbeat(options: HeartbeatOptions): Heartbeat {
  let timer: NodeJS.Timeout | undefined;
  function* beat(): Steps<void> {
    try {
      yield* options.beat();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') yield* options.onMissing();
    }
  }
  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }
  async function tick(): Promise<void> {
    if (!options.isNeeded()) {
      stop();
      return;
    }
    try {
      await runLater(beat());
    } catch {
      // The disk takes nothing now: whoever writes next says so, and others see an old heartbeat.
    }
  }
  return {
    *start() {
      if (timer !== undefined) return;
      timer = setInterval(() => void tick(), options.intervalMs);
      timer.unref();
      yield* beat();
    },
    stop,
  };
}
