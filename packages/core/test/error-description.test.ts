import { SpanStatusCode } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { withStage } from '@milepost/core';
import { useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();

interface Told {
  readonly type: unknown;
  readonly message: unknown;
  readonly category: unknown;
  readonly stack: unknown;
}

/** What the log record of a stage that threw that tells of it. */
function told(error: unknown): Told {
  try {
    withStage('broken', () => {
      throw error;
    });
  } catch (thrown) {
    expect(Object.is(thrown, error)).toBe(true);
  }
  const { attributes } = telemetry.sdk.log('broken_failed');
  return {
    type: attributes['error.type'],
    message: attributes['error.message'],
    category: attributes['error.category'],
    stack: attributes['exception.stacktrace'],
  };
}

class HttpError extends Error {
  override readonly name = 'HttpError';
}
class Unnamed extends Error {}
const withCode = (code: string, message = 'system error'): Error =>
  Object.assign(new Error(message), { code });
const firstLines = (stack: unknown): string[] =>
  String(stack)
    .split('\n')
    .filter((line) => !line.startsWith('    at '));

describe('type and category', () => {
  test.for([
    ['a class with a name', new HttpError('no'), 'HttpError', 'unknown'],
    ['a class without a name of its own', new Unnamed('no'), 'Unnamed', 'unknown'],
    ['a code', withCode('ENOSPC'), 'ENOSPC', 'resource'],
    ['a refused connection', withCode('ECONNREFUSED'), 'ECONNREFUSED', 'network'],
    ['a name that was not found', withCode('ENOTFOUND'), 'ENOTFOUND', 'network'],
    ['a timeout of the system', withCode('ETIMEDOUT'), 'ETIMEDOUT', 'timeout'],
    ['a missing file', withCode('ENOENT'), 'ENOENT', 'io'],
    ['a forbidden file', withCode('EACCES'), 'EACCES', 'permission'],
    ['a mistake in the program', new TypeError('x is not a function'), 'TypeError', 'program'],
    ['input that is no JSON', new SyntaxError('Unexpected token'), 'SyntaxError', 'validation'],
    [
      'AbortSignal.timeout',
      new DOMException('The operation was aborted due to timeout', 'TimeoutError'),
      'TimeoutError',
      'timeout',
    ],
    [
      'fetch that failed, by its cause',
      new TypeError('fetch failed', { cause: withCode('ECONNRESET') }),
      'TypeError',
      'network',
    ],
    [
      'the first cause that tells, of several',
      new AggregateError([new Error('one'), withCode('EHOSTUNREACH')], 'all failed'),
      'AggregateError',
      'network',
    ],
    ['a string', 'no', 'string', 'unknown'],
    [
      'a name that is free text',
      Object.assign(new Error('no'), { name: 'Got 5 of 7 pages!' }),
      'Error',
      'unknown',
    ],
    ['an object that is no error', { code: 'E_MINE' }, 'E_MINE', 'unknown'],
    ['an object without anything', Object.create(null), '_OTHER', 'unknown'],
  ] as const)('%s', ([, error, type, category]) => {
    expect(told(error)).toMatchObject({ type, category });
  });
});

describe('message and stack', () => {
  test('causes are told, each once, with what belongs to them', () => {
    const root = withCode('ECONNRESET', 'socket hang up');
    const error = new Error('fetch of alameda failed', {
      cause: new TypeError('fetch failed', { cause: root }),
    });
    const { message, stack } = told(error);
    expect(message).toBe('fetch of alameda failed');
    expect(firstLines(stack)).toEqual([
      'Error: fetch of alameda failed',
      'Caused by: TypeError: fetch failed',
      'Caused by: Error: socket hang up',
    ]);
  });

  test('the errors of an AggregateError are told', () => {
    const { stack } = told(new AggregateError([new Error('one'), 'two'], 'both failed'));
    expect(firstLines(stack)).toEqual([
      'AggregateError: both failed',
      'Caused by: Error: one',
      'Caused by: string: two',
    ]);
  });

  test('causes that lead in a circle are told once', () => {
    const error = new Error('first');
    error.cause = new Error('second', { cause: error });
    expect(firstLines(told(error).stack)).toEqual(['Error: first', 'Caused by: Error: second']);
  });

  test('of very many causes the first ones are told', () => {
    let error = new Error('cause 0');
    for (let i = 1; i < 1000; i += 1) error = new Error(`cause ${i}`, { cause: error });
    expect(firstLines(told(error).stack)).toHaveLength(9);
  });

  test('the stack has at most 16 KiB with its causes, the message at most 4 KiB', () => {
    const cause = new Error('cause');
    cause.stack = `Error: cause\n${'    at somewhere (file.js:1:1)\n'.repeat(2000)}`;
    const error = new Error('ü'.repeat(10_000), { cause });
    const { stack, message } = told(error);
    expect(Buffer.byteLength(String(stack))).toBeLessThanOrEqual(16 * 1024);
    expect(Buffer.byteLength(String(stack))).toBeGreaterThan(15 * 1024);
    expect(Buffer.byteLength(String(message))).toBeLessThanOrEqual(4 * 1024);
    expect(message).toMatch(/…\[truncated, 10000 characters\]$/);
  });

  test('a lone surrogate in the message is replaced: it would break a whole batch', () => {
    expect(told(new Error('broken \ud83d emoji')).message).toBe('broken \ufffd emoji');
  });

  test('what is no error has no stack', () => {
    expect(told('just text')).toEqual({
      type: 'string',
      message: 'just text',
      category: 'unknown',
      stack: undefined,
    });
  });
});

test('the span has status ERROR, the message and the type, and no stack', () => {
  told(new TypeError('broken'));
  // The stage and the run that it made for itself.
  expect(
    telemetry.sdk.spans.map(({ attributes, status, events }) => ({
      unit: attributes['pipeline.unit'],
      type: attributes['error.type'],
      status,
      events,
    })),
  ).toEqual(
    ['run', 'stage'].map((unit) => ({
      unit,
      type: 'TypeError',
      status: { code: SpanStatusCode.ERROR, message: 'broken' },
      events: [],
    })),
  );
});
