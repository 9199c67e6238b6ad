import { loadSignalExit } from './signal-exit-model.ts';

/** Writes a line of the program's own. */
export type Say = (line: string) => void;

const forever = (): void => void setInterval(() => undefined, 1_000_000);
const rest = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 5));

/**
 * Programs, each after `watchProcessEnds` was called or without it. Where one says `ready`, a signal is sent to it, and
 * another each time it says `again`.
 */
export const scenarios: Readonly<Record<string, (say: Say) => unknown>> = {
  'ends by itself': () => undefined,
  'ends by itself with an exit code': () => {
    process.exitCode = 4;
  },
  'goes on at beforeExit, then ends': (say) => {
    process.once('beforeExit', () => void rest().then(() => say('went on')));
  },
  'awaits what never settles': () => new Promise(() => undefined),
  'calls process.exit': () => process.exit(3),
  'calls process.exit in a timer': () => {
    setTimeout(() => process.exit(3), 1);
    forever();
  },
  throws: () => {
    throw new TypeError('broken');
  },
  'throws in a timer': () => {
    setTimeout(() => {
      throw new TypeError('broken');
    }, 1);
    forever();
  },
  'throws undefined': () => {
    throw undefined;
  },
  rejects: () => {
    void Promise.reject(new TypeError('broken'));
    forever();
  },
  'exits where it catches what nobody caught': (say) => {
    process.on('uncaughtException', ({ message }) => {
      say(message);
      process.exit(7);
    });
    setTimeout(() => {
      throw new TypeError('broken');
    }, 1);
  },
  'goes on where it catches what nobody caught, and exits later': (say) => {
    process.on('uncaughtException', ({ message }) => {
      say(message);
      setTimeout(() => process.exit(7), 5);
    });
    setTimeout(() => {
      throw new TypeError('broken');
    }, 1);
  },
  'goes on where it handles a rejection': (say) => {
    process.on('unhandledRejection', (reason) => say(String(reason)));
    void Promise.reject(new TypeError('broken'));
  },
  'exits in an exit listener': () => {
    process.on('exit', () => process.exit(5));
  },
  'throws in an exit listener': () => {
    process.on('exit', () => {
      throw new Error('broken');
    });
  },
  'sets the exit code in an exit listener': () => {
    process.on('exit', () => {
      process.exitCode = 6;
    });
  },
  'kills itself': () => process.kill(process.pid, 'SIGKILL'),

  'does not listen': (say) => {
    forever();
    say('ready');
  },
  'exits in its listener': (say) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
      process.on(signal, () => process.exit(0));
    }
    forever();
    say('ready');
  },
  'ends its work in its listener': (say) => {
    const timer = setInterval(() => undefined, 1_000_000);
    process.on('SIGTERM', () => clearInterval(timer));
    say('ready');
  },
  'ends its work in a listener that came first': (say) => {
    const timer = setInterval(() => undefined, 1_000_000);
    process.prependOnceListener('SIGTERM', () => clearInterval(timer));
    say('ready');
  },
  'takes its time once, and is told twice': (say) => {
    process.once('SIGTERM', () => void rest().then(() => say('again')));
    forever();
    say('ready');
  },
  'listens, and is told twice': (say) => {
    let count = 0;
    process.on('SIGTERM', () => {
      count += 1;
      say(count === 1 ? 'again' : 'told');
      if (count === 2) process.exit(0);
    });
    forever();
    say('ready');
  },
  'passes the signal on': (say) => {
    process.once('SIGTERM', (signal) => {
      say('cleaned up');
      process.kill(process.pid, signal);
      say('never');
    });
    forever();
    say('ready');
  },
  'passes the signal on by its number': (say) => {
    process.once('SIGTERM', (_signal: NodeJS.Signals, number: number) => {
      process.kill(process.pid, number);
    });
    forever();
    say('ready');
  },
  'passes the signal on later': (say) => {
    process.once('SIGTERM', (signal) => {
      void rest().then(() => process.kill(process.pid, signal));
    });
    forever();
    say('ready');
  },
  'has only listeners that count': (say) => {
    loadSignalExit(4, () => {
      say('cleaned up');
      return false;
    });
    forever();
    say('ready');
  },
  'has only listeners that count, of two versions': (say) => {
    for (const version of [3, 4] as const) {
      loadSignalExit(version, () => {
        say(`cleaned up by ${version}`);
        return false;
      });
    }
    forever();
    say('ready');
  },
  'has a listener that counts and lives on': (say) => {
    loadSignalExit(4, () => {
      say('handled');
      setTimeout(() => process.exit(9), 5);
      return true;
    });
    forever();
    say('ready');
  },
  'has a listener that counts, and one of its own': (say) => {
    loadSignalExit(4, () => {
      say('never');
      return false;
    });
    process.on('SIGTERM', () => process.exit(8));
    forever();
    say('ready');
  },
  'asks in its listener how many listen': (say) => {
    process.on('SIGTERM', () => {
      say(`${process.listenerCount('SIGTERM')} ${process.rawListeners('SIGTERM').length}`);
      process.exit(0);
    });
    forever();
    say('ready');
  },
  'took all listeners off': (say) => {
    process.on('SIGTERM', () => say('never'));
    process.removeAllListeners('SIGTERM');
    forever();
    setImmediate(() => say('ready'));
  },
  'took all listeners off and put one on': (say) => {
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => process.exit(2));
    forever();
    setImmediate(() => say('ready'));
  },
  'throws in its listener': (say) => {
    process.on('SIGTERM', () => {
      throw new TypeError('broken');
    });
    forever();
    say('ready');
  },
  'tells itself of a signal that nobody sent': (say) => {
    process.emit('SIGTERM');
    loadSignalExit(4, () => {
      say('handled');
      return true;
    });
    process.emit('SIGTERM');
  },
  'replaces process.kill in its listener': (say) => {
    process.once('SIGTERM', (signal) => {
      const { kill } = process;
      process.kill = (...args) => {
        say('killing');
        return kill.apply(process, args);
      };
      setTimeout(() => process.kill(process.pid, signal), 5);
    });
    forever();
    say('ready');
  },
};
