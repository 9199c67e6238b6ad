import { CliError } from '../cli-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Gives a function a signal that aborts when the user wants the process to end. A second time, the process ends as it
 * would without this.
 */
export async function withInterrupt<T>(fn: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort(
      new CliError('interrupted: what is in the store stays, sync again for the rest.', 'left'),
    );
    forget();
  };
  const forget = (): void => SIGNALS.forEach((name) => process.removeListener(name, stop));
  SIGNALS.forEach((name) => process.on(name, stop));
  try {
    return await fn(controller.signal);
  } finally {
    forget();
  }
}
