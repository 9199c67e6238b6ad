import { type RegistryClock } from './clock.ts';

/** Longer than any pause. */
const HOLD_MS = 1 << 30;

/** How a pause ends. */
export interface Pause {
  readonly delayMs: number;
  readonly signal: AbortSignal;
  /** Keeps the process alive meanwhile. */
  readonly persistent: boolean;
  /** Is given what ends the pause early. */
  readonly wakeable: (wake: () => void) => void;
}

/** Resolves after a time, when it is woken, or when the signal aborts. Nothing is left of it then. */
export async function pause(
  clock: RegistryClock,
  { delayMs, signal, persistent, wakeable }: Pause,
): Promise<void> {
  if (signal.aborted) return;
  const hold = persistent ? setInterval(() => undefined, HOLD_MS) : undefined;
  let callOff: (() => void) | undefined;
  let wake: (() => void) | undefined;
  await new Promise<void>((resolve) => {
    wake = () => resolve();
    signal.addEventListener('abort', wake, { once: true });
    callOff = clock.after(delayMs, wake);
    wakeable(wake);
  });
  callOff?.();
  clearInterval(hold);
  if (wake !== undefined) signal.removeEventListener('abort', wake);
}
