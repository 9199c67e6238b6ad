import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { SeverityNumber, logs } from '@opentelemetry/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { log, withRun, withStage } from '@milepost/core';
import { type ConsoleFormat, ConsoleLogRecordProcessor, MilepostIdGenerator } from '@milepost/node';
import { SCOPE_NAME } from '@milepost/semconv';
import { startInMemorySdk } from './in-memory-sdk.ts';

const RUN_ID = 'alameda_1737072000_abc123';

/** A stream that keeps what it gets; as a terminal it answers about colours as Node's own terminals do. */
class TextStream extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly getColorDepth = WriteStream.prototype.getColorDepth;

  constructor({ isTerminal = false } = {}) {
    super();
    this.isTTY = isTerminal;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function printed(format: ConsoleFormat, work: () => void, target = new TextStream()): string {
  startInMemorySdk({
    idGenerator: new MilepostIdGenerator(),
    logRecordProcessors: [new ConsoleLogRecordProcessor(format, target)],
  });
  work();
  return target.text;
}

function pipeline(): void {
  withRun({ pipeline: 'minutes', subdomain: 'alameda', runId: RUN_ID }, () => {
    withStage('fetch', (stage) => {
      stage.count('total_pdfs', 2);
      log.info('found it', { site: 'a b', pages: 3, ok: true, names: ['x', 'y'] });
      log.debug('page\u001b[31m \nfake line', { 'url\n': 'https://example.org/?a=b' });
    });
    withStage('ocr', () =>
      withStage('tesseract', () => {
        throw new TypeError('not a PDF\nat all');
      }),
    );
  });
}

function failing(): void {
  try {
    pipeline();
  } catch {
    // The pipeline fails on purpose.
  }
}

beforeEach(() => {
  for (const variable of ['CI', 'FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS']) {
    vi.stubEnv(variable, undefined);
  }
  vi.stubEnv('TERM', 'xterm-256color');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('pretty', () => {
  test('a line each, and the stack of an error once', () => {
    const lines = printed('pretty', failing)
      .replaceAll(/\d\d:\d\d:\d\d\.\d{3}Z/g, '12:34:56.789Z')
      .replaceAll(/\d+\.\d{3}s/g, '0.001s')
      .replaceAll(/^ {8,}at .*\n/gm, '');
    expect(lines).toMatchInlineSnapshot(`
      "12:34:56.789Z INFO    minutes      run_started alameda_1737072000_abc123
      12:34:56.789Z INFO    fetch        fetch_started
      12:34:56.789Z INFO    fetch        found it site="a b" pages=3 ok=true names=["x","y"]
      12:34:56.789Z DEBUG   fetch        page\\u001b[31m \\nfake line url\\n="https://example.org/?a=b"
      12:34:56.789Z INFO    fetch        fetch_completed 0.001s total_pdfs=2
      12:34:56.789Z INFO    ocr          ocr_started
      12:34:56.789Z INFO    tesseract    tesseract_started
      12:34:56.789Z ERROR   tesseract    tesseract_failed 0.001s TypeError: not a PDF\\nat all
          TypeError: not a PDF
          at all
      12:34:56.789Z ERROR   ocr          ocr_failed 0.001s TypeError: not a PDF\\nat all
      12:34:56.789Z ERROR   minutes      run_failed alameda_1737072000_abc123 0.001s TypeError: not a PDF\\nat all
      "
    `);
  });

  // As the rows of the CLI's own texts.
  test.for([
    ['03-invalid.pdf', '03-invalid.pdf'],
    ['https://example.org/?a=1&b=2', 'https://example.org/?a=1&b=2'],
    ['two\nlines\r\n', String.raw`two\nlines\r\n`],
    ['\u001B[31mred\u001B[0m', String.raw`\u001b[31mred\u001b[0m`],
    ['\u001B]0;title\u0007', String.raw`\u001b]0;title\u0007`],
    ['\u009B2J', String.raw`\u009b2J`],
    ['gpj.\u202Eexe', String.raw`gpj.\u202eexe`],
    ['a\u2028b', String.raw`a\u2028b`],
    ['\uD83D', String.raw`\ud83d`],
    ['\u{E0041}', String.raw`\u{e0041}`],
    ['👩‍👩‍👧 🏛️ 議事録', '👩‍👩‍👧 🏛️ 議事録'],
  ] as const)('%j is printed as %s', ([text, shown]) => {
    const [line] = printed('pretty', () => {
      logs.getLogger(SCOPE_NAME).emit({ body: text, attributes: { stage: 'fetch' } });
    }).split('\n');
    expect(line?.split(/ fetch {8}/)[1]).toBe(shown);
  });

  test('whatever text comes in whatever place, it is one line without a control character', () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    const stream = new TextStream();
    startInMemorySdk({ logRecordProcessors: [new ConsoleLogRecordProcessor('pretty', stream)] });
    const logger = logs.getLogger(SCOPE_NAME);
    fc.assert(
      fc.property(text, text, text, text, text, (body, stage, name, value, message) => {
        stream.text = '';
        logger.emit({
          body,
          attributes: { [name]: value, stage, 'run.id': value, 'error.message': message },
        });
        expect(stream.text.replace(/\n$/, '')).not.toMatch(
          /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u,
        );
      }),
    );
  });

  test('long texts are cut', () => {
    const [, message, field] = printed('pretty', () => {
      withRun({ pipeline: 'minutes', runId: RUN_ID }, () => {
        log.info('z'.repeat(10_000));
        log.info('x', { long: 'y'.repeat(1000) });
      });
    }).split('\n');
    expect(message?.length).toBeLessThan(2_100);
    expect(message).toContain('z… ');
    expect(field?.length).toBeLessThan(400);
    expect(field).toMatch(/y…$/);
  });

  test.for([
    ['on a terminal', { isTerminal: true }, {}, true],
    ['on a terminal with NO_COLOR', { isTerminal: true }, { NO_COLOR: '1' }, false],
    ['on a dumb terminal', { isTerminal: true }, { TERM: 'dumb' }, false],
    ['elsewhere', { isTerminal: false }, {}, false],
    ['elsewhere with FORCE_COLOR', { isTerminal: false }, { FORCE_COLOR: '1' }, true],
  ] as const)('colour %s', ([, options, env, isColoured]) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const text = printed('pretty', failing, new TextStream(options));
    expect(text.includes('\u001b[')).toBe(isColoured);
  });
});

describe('json', () => {
  test('an object a line, with the labels that Loki has', () => {
    const objects = printed('json', failing)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const masked = { time: 'T', start_time: 'T', end_time: 'T', duration_seconds: 1, span_id: 'S' };
    const [started] = objects;
    expect({ ...started, ...mask(started, masked) }).toMatchInlineSnapshot(`
      {
        "attempt": 1,
        "level": "info",
        "message": "run_started",
        "pipeline": "minutes",
        "retry_count": 0,
        "run_id": "alameda_1737072000_abc123",
        "span_id": "S",
        "start_time": "T",
        "status": "started",
        "subdomain": "alameda",
        "time": "T",
        "trace_id": "4bcd5d6c4796b67f695cb30b9cd7ee2e",
      }
    `);
    const failed = objects.find(({ message }) => message === 'tesseract_failed');
    expect({
      ...failed,
      ...mask(failed, { ...masked, exception_stacktrace: 'stack' }),
    }).toMatchInlineSnapshot(`
      {
        "attempt": 1,
        "duration_seconds": 1,
        "end_time": "T",
        "error_category": "program",
        "error_message": "not a PDF
      at all",
        "error_type": "TypeError",
        "exception_stacktrace": "stack",
        "level": "error",
        "message": "tesseract_failed",
        "pipeline": "minutes",
        "retry_count": 0,
        "run_id": "alameda_1737072000_abc123",
        "span_id": "S",
        "stage": "tesseract",
        "start_time": "T",
        "status": "failed",
        "subdomain": "alameda",
        "time": "T",
        "trace_id": "4bcd5d6c4796b67f695cb30b9cd7ee2e",
      }
    `);
  });

  test('a field named like a key of the line keeps its value under another key', () => {
    const [line] = printed('json', () => {
      logs.getLogger(SCOPE_NAME).emit({
        body: 'hello',
        severityNumber: SeverityNumber.WARN,
        severityText: 'WARN',
        attributes: { message: 'mine', time: 3, level: 'warning' },
      });
    }).split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({
      message: 'hello',
      user_message: 'mine',
      time: expect.stringContaining('T'),
      user_time: 3,
      level: 'warning',
    });
  });
});

test.for(['pretty', 'json'] as const)('%s: lines of other libraries are not printed', (format) => {
  const text = printed(format, () => {
    logs.getLogger('pino').emit({ body: 'printed by pino itself' });
    withStage('ocr', () => logs.getLogger('pino').emit({ body: 'and this one' }));
  });
  expect(text).toContain('ocr_started');
  expect(text).not.toContain('and this one');
  expect(text).not.toContain('pino');
});

test('a stream that throws does not break the call', () => {
  const broken = new TextStream();
  broken.write = () => {
    throw new Error('EPIPE');
  };
  expect(() => printed('json', () => withStage('ocr', () => 'fine'), broken)).not.toThrow();
});

function mask(
  record: Record<string, unknown> | undefined,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => record?.[key] !== undefined));
}
