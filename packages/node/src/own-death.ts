import { constants } from 'node:os';
import { type TerminatingSignal, TERMINATING_SIGNALS } from './terminating-signals.ts';

/**
 * Watches for the program killing itself by a signal that nobody listens for any more, which is how a listener that has
 * done its work passes a signal on. Nothing else tells of it: the kernel ends the process before `process.kill` returns.
 * So `process.kill` is replaced, only while the listeners of a signal run.
 * @param onDeath called synchronously, just before. Must not throw.
 * @returns puts `process.kill` back
 */
export function watchOwnDeath(onDeath: (signal: TerminatingSignal) => void): () => void {
  // Called with its own `this`, and put back as it is.
  // oxlint-disable-next-line typescript/unbound-method
  const { kill } = process;
  let isOver = false;
  const watched = function (this: unknown, ...args: Parameters<typeof kill>): true {
    const signal = deadlySignal(...args);
    if (!isOver && signal !== undefined) onDeath(signal);
    return Reflect.apply(kill, this, args);
  };
  // Throws nowhere, also where it cannot be replaced.
  Reflect.set(process, 'kill', watched);
  return () => {
    isOver = true;
    // Whoever replaced it meanwhile calls ours, which only passes on now.
    if (process.kill === watched) Reflect.set(process, 'kill', kill);
  };
}

function deadlySignal(
  pid: number,
  signal: string | number = 'SIGTERM',
): TerminatingSignal | undefined {
  if (pid !== process.pid) return undefined;
  const name = TERMINATING_SIGNALS.find(
    (known) => known === signal || constants.signals[known] === signal,
  );
  return name !== undefined && process.listenerCount(name) === 0 ? name : undefined;
}
