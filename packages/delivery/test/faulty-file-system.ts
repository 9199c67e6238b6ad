import { nodeSpoolFileSystem, type SpoolCalls, type SpoolFileSystem } from '@milepost/delivery';

/** Node's file system, where some calls of the way that does not make the thread wait are others. */
export function laterAs(calls: Partial<SpoolFileSystem['later']>): SpoolFileSystem {
  return { ...nodeSpoolFileSystem, later: { ...nodeSpoolFileSystem.later, ...calls } };
}

/** Node's file system, where what is asked for fails with an error of the system. */
export function failing(
  codeOf: (call: keyof SpoolCalls, path: string) => string | undefined,
): SpoolFileSystem {
  function check(call: keyof SpoolCalls, path: string): void {
    const code = codeOf(call, path);
    if (code !== undefined) throw Object.assign(new Error(`${code}: of the test`), { code });
  }
  const { now, later } = nodeSpoolFileSystem;
  return {
    now: {
      ...now,
      unlink: (path) => {
        check('unlink', path);
        now.unlink(path);
      },
    },
    later: {
      ...later,
      unlink: async (path) => {
        check('unlink', path);
        await later.unlink(path);
      },
      readFile: async (path) => {
        check('readFile', path);
        return await later.readFile(path);
      },
    },
  };
}
