import { diag } from '@opentelemetry/api';

/**
 * Runs something when the program has nothing left to do, before it ends, and again if that left more to do.
 * Not at `process.exit`, an uncaught error or a signal.
 * @param options.isNeeded asked each time but the first
 * @returns takes it back
 */
export function atNaturalEnd(options: {
  readonly run: () => Promise<void>;
  readonly isNeeded: () => boolean;
}): () => void {
  let first = true;
  const onBeforeExit = (): void => {
    if (!first && !options.isNeeded()) return;
    first = false;
    options.run().catch((error: unknown) => diag.error('milepost: the last flush failed', error));
  };
  process.on('beforeExit', onBeforeExit);
  return () => {
    process.off('beforeExit', onBeforeExit);
  };
}
