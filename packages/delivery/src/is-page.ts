import { type HttpAnswer } from './http-post.ts';

// Runs in the exit sender too: only builtins may be imported here.

/** As much of a body as is looked at. */
const BEGIN_BYTES = 256;

/**
 * Whether an answer is a page for people: that of a login, a captive portal, or whatever else stands where a collector
 * should be. No encoding of OTLP begins with `<`. An empty body is none, also where the server calls all its answers HTML.
 */
export function isPage(answer: Extract<HttpAnswer, { kind: 'answered' }>): boolean {
  const { contentType = '', body, brokenOff } = answer;
  const isEmpty = body.length === 0 && brokenOff === undefined;
  if (/^text\/html\b/i.test(contentType.trim())) return !isEmpty;
  const begin = new TextDecoder().decode(body.subarray(0, BEGIN_BYTES));
  return begin.trimStart().startsWith('<');
}
