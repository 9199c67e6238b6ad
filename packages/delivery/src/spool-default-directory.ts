import { posix, win32 } from 'node:path';

/**
 * Where the spool of a user lies, by the custom of the platform: `$XDG_STATE_HOME/milepost/spool` or
 * `~/.local/state/milepost/spool` (XDG Base Directory Specification), `~/Library/Application Support/milepost/spool`,
 * `%LOCALAPPDATA%\milepost\spool`.
 * @param platform as `process.platform`
 * @param home the user's home directory
 */
export function defaultSpoolDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  if (platform === 'win32') {
    const local = environment['LOCALAPPDATA'] ?? '';
    const base = win32.isAbsolute(local) ? local : win32.join(home, 'AppData', 'Local');
    return win32.join(base, 'milepost', 'spool');
  }
  if (platform === 'darwin') {
    return posix.join(home, 'Library', 'Application Support', 'milepost', 'spool');
  }
  // The specification: a path that is not absolute is to be ignored.
  const state = environment['XDG_STATE_HOME'] ?? '';
  const base = posix.isAbsolute(state) ? state : posix.join(home, '.local', 'state');
  return posix.join(base, 'milepost', 'spool');
}
