import { echo } from './echo.ts';
import { RunIdError } from './run-id-error.ts';

/** A run ID becomes a file name and a directory name on any system, so it is kept short. */
export const MAX_RUN_ID_LENGTH = 128;

/** `latest` is the registry's pointer to the newest run, `x.milepost.json` its file beside a foreign `x.json`. */
const KEPT_BY_THE_REGISTRY = /^latest$|\.milepost$/i;

/**
 * Windows opens a device of such a name in any directory, with any extension.
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i;

/** Whether `value` is a run ID of any format: whether `parseRunId` takes it. */
export function isRunId(value: unknown): value is string {
  return typeof value === 'string' && findFault(value) === undefined;
}

// Each job of a run asks about the same one.
let lastRunId: string | undefined;

/** Throws the `RunIdError` that says why `value` is no run ID, if it is none. */
export function assertRunId(value: unknown): asserts value is string {
  if (value !== undefined && value === lastRunId) return;
  if (typeof value !== 'string') {
    throw new RunIdError('RUN_ID_INVALID', `Invalid run ID: expected a string, got ${echo(value)}`);
  }
  const fault = findFault(value);
  if (fault === 'taken') {
    throw new RunIdError(
      'RUN_ID_TAKEN',
      `Run ID taken: expected neither "latest" nor a Windows device name nor the ending ".milepost", got ${echo(value)}`,
    );
  }
  if (fault !== undefined) {
    throw new RunIdError('RUN_ID_INVALID', `Invalid run ID: expected ${fault}, got ${echo(value)}`);
  }
  lastRunId = value;
}

/** What would have to be true of `text`, `'taken'`, or nothing when it is a run ID. */
function findFault(text: string): string | undefined {
  if (text.length === 0 || text.length > MAX_RUN_ID_LENGTH) {
    return `1 to ${MAX_RUN_ID_LENGTH} characters`;
  }
  if (!/^[A-Za-z0-9._-]+$/.test(text)) {
    return 'only the characters A-Z a-z 0-9 . _ -';
  }
  if (text.startsWith('.') || text.endsWith('.')) {
    return 'no dot at the beginning or the end';
  }
  return KEPT_BY_THE_REGISTRY.test(text) || isDeviceName(text) ? 'taken' : undefined;
}

/** Whether Windows takes a file of this name for a device. */
export function isDeviceName(name: string): boolean {
  return WINDOWS_DEVICE.test(name);
}
