import { setTimeout } from 'node:timers/promises';
import { errorCode } from './describe-error.ts';

const MOST_TRIES = 10;
const PAUSE_MS = 500;

/** What is wrong with the process for a moment and says nothing about the file. */
const PASSING = ['EMFILE', 'ENFILE', 'EAGAIN', 'EINTR', 'ENOMEM', 'EBUSY'];

/** Reads again and again where only the process is short of something, for some seconds at most. */
export async function readPatiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (tries === MOST_TRIES || !PASSING.includes(errorCode(error) ?? '')) throw error;
    }
    await setTimeout(PAUSE_MS, undefined, { ref: false });
  }
}
