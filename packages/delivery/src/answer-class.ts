import { type HttpAnswer } from './http-post.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** What an answer means for the request: taken, to be tried again, to be split, never to be tried again. */
export type AnswerClass = 'accepted' | 'unavailable' | 'too_large' | 'unauthorized' | 'rejected';

/**
 * Puts answers into classes. OTLP lets clients try again after 429, 502, 503 and 504 only; what waits on disk can wait
 * for a collector that is broken in some other way (408, other 5xx), too.
 */
export function classOf(answer: HttpAnswer): AnswerClass {
  if (answer.kind === 'failed') return 'unavailable';
  const { status, brokenOff } = answer;
  if (status >= 200 && status <= 299) return brokenOff === undefined ? 'accepted' : 'unavailable';
  if (status === 408 || status === 429 || status >= 500 || status < 200) return 'unavailable';
  if (status === 413) return 'too_large';
  return status === 401 || status === 403 ? 'unauthorized' : 'rejected';
}
