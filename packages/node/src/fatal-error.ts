/** Something thrown or rejected, which may be anything. */
export interface FatalError {
  readonly error: unknown;
}

/** Remembers the error that ends the process. */
export interface FatalErrorWatch {
  /** The error that ends the process, where it ends now and because of one. */
  current(): FatalError | undefined;
  stop(): void;
}

/**
 * Watches for an error that nobody caught or a rejection that nobody handled, by `uncaughtExceptionMonitor` alone: any other
 * listener would keep the process from ending of it.
 */
export function watchFatalErrors(): FatalErrorWatch {
  let fatal: FatalError | undefined;
  const onError = (error: unknown): void => {
    const seen: FatalError = { error };
    fatal = seen;
    if (!isCaught()) return;
    // Then the process ends of it only where the listener does that itself, at once.
    setImmediate(() => {
      if (fatal === seen) fatal = undefined;
    }).unref();
  };
  process.on('uncaughtExceptionMonitor', onError);
  return {
    current: () => fatal,
    stop: () => {
      process.off('uncaughtExceptionMonitor', onError);
    },
  };
}

function isCaught(): boolean {
  return (
    process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()
  );
}
