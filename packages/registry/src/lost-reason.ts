import { type WriterIdentity } from './writer-identity.ts';
import { type GoneBy } from './writer-life.ts';

/** A time span in words, in the largest unit that it fills. */
function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** A writer in plain words: `process 4711 on worker-3`. */
export function processText({ pid, threadId, host }: WriterIdentity): string {
  return `process ${pid}${threadId === 0 ? '' : `, thread ${threadId},`} on ${host}`;
}

/**
 * Why a writer counts as gone, in plain words.
 * @param silenceMs since its last sign of life
 */
export function lostReason(how: GoneBy, writer: WriterIdentity, silenceMs: number): string {
  const who = processText(writer);
  switch (how) {
    case 'process_gone':
      return `${who} is not there any more`;
    case 'process_replaced':
      return `${who} is not there any more: another process has its ID`;
    case 'machine_restarted':
      return `${who} is not there any more: the machine was started anew since`;
    case 'silent':
      return `${who} has given no sign of life for ${spanText(silenceMs)}`;
  }
}
