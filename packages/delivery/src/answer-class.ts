import { type HttpAnswer } from './http-post.ts';
import { isPage } from './is-page.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** What an answer means for the request: taken, to be tried again, to be split, never to be tried again. */
export type AnswerClass = 'accepted' | 'unavailable' | 'too_large' | 'unauthorized' | 'rejected';

/** Beside 3xx and 5xx: what passes when a route is there, a server is another, or the load is less. */
const PASSING: ReadonlySet<number> = new Set([404, 408, 421, 425, 429]);

/**
 * Puts answers into classes. OTLP lets clients try again after 429, 502, 503 and 504 only; what waits on disk can also
 * wait for a collector that is broken in some other way, or not there yet. A success is one by its status alone,
 * however its body ends: who sends again what was taken has it stored twice. But a page was sent by no collector.
 */
export function classOf(answer: HttpAnswer): AnswerClass {
  if (answer.kind === 'failed') return 'unavailable';
  const { status } = answer;
  if (status >= 200 && status <= 299) return isPage(answer) ? 'unavailable' : 'accepted';
  if (status < 400 || status >= 500 || PASSING.has(status)) return 'unavailable';
  if (status === 413) return 'too_large';
  return status === 401 || status === 403 ? 'unauthorized' : 'rejected';
}
