// How the npm package `signal-exit` handles signals, which comes with execa, ora, proper-lockfile and many more: each loaded
// major version compares the number of listeners with the number of its own.

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Returns true where the signal shall not end the process (version 4.1 and later). */
export type OnExit = (signal: string) => boolean;

let isVersion3Loaded = false;

export function loadSignalExit(version: 3 | 4, onExit: OnExit): void {
  if (version === 3) isVersion3Loaded = true;
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      const own = version === 4 && isVersion3Loaded ? 2 : 1;
      if (process.listeners(signal).length !== own) return;
      unload();
      if (!onExit(signal)) process.kill(process.pid, signal);
    };
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  const unload = (): void => {
    if (version === 3) isVersion3Loaded = false;
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
}
