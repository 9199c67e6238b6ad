import { STATUS_CODES } from 'node:http';
import { classOf } from './answer-class.ts';
import { answerMessage, oneLine } from './answer-message.ts';
import { type HttpAnswer } from './http-post.ts';
import { type OtlpRequest } from './otlp-request.ts';
import { readPartialSuccess } from './partial-success.ts';
import { retryAfterMs } from './retry-after.ts';
import { type SendOutcome } from './transport.ts';

/** Why a success is none. */
const NO_COLLECTOR = 'a page of HTML, so this is no collector';

/**
 * What an answer means for the request.
 * @param onUnreadable called where the collector took the request, but with an answer that says nothing readable
 */
export function outcomeOf(
  answer: HttpAnswer,
  request: Pick<OtlpRequest, 'signal' | 'contentType' | 'records'>,
  onUnreadable: () => void,
): SendOutcome {
  if (answer.kind === 'failed') {
    const { message, isRefused, isUnanswered, code } = answer;
    const named = code === undefined ? {} : { code };
    return { kind: 'unavailable', message: oneLine(message), isRefused, isUnanswered, ...named };
  }
  const { status, body, contentType } = answer;
  const kind = classOf(answer);
  switch (kind) {
    case 'accepted': {
      const isWhole = answer.brokenOff === undefined;
      const partial = isWhole ? readPartialSuccess(body, contentType, request) : undefined;
      if (partial === undefined) onUnreadable();
      return { kind, ...(partial ?? { rejected: 0 }) };
    }
    case 'unavailable': {
      const wait = retryAfterMs(answer.retryAfter);
      return {
        kind,
        message: messageOf(answer),
        isRefused: false,
        isUnanswered: false,
        status,
        ...(wait !== undefined && { retryAfterMs: wait }),
      };
    }
    case 'too_large':
      return { kind, status, message: messageOf(answer) };
    case 'unauthorized':
    case 'rejected':
      return { kind: 'refused', reason: kind, status, message: messageOf(answer) };
    default:
      throw new TypeError(`unknown class of answer: ${String(kind satisfies never)}`);
  }
}

/** Such as `503 Service Unavailable: queue is full`. */
function messageOf(answer: Extract<HttpAnswer, { kind: 'answered' }>): string {
  const { status, body, contentType, brokenOff } = answer;
  const name = STATUS_CODES[status];
  const code = name === undefined ? String(status) : `${status} ${name}`;
  const isSuccess = status >= 200 && status <= 299;
  const said = isSuccess ? NO_COLLECTOR : answerMessage(body, contentType);
  const detail = said === '' ? (brokenOff ?? '') : said;
  return detail === '' ? code : oneLine(`${code}: ${detail}`);
}
