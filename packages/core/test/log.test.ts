import { describe, expect, test } from 'vitest';
import { log, withItem, withRun, withStage } from '@milepost/core';
import { hostileProxy } from './outcome-cases.ts';
import { plainLog, useDiag, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const diag = useDiag();

const RUN = { pipeline: 'minutes', subdomain: 'alameda', runId: 'log-1' };
const lines = (): unknown[] =>
  telemetry.sdk.logs.filter((record) => record.eventName === undefined).map(plainLog);

describe('a log line', () => {
  test('carries the run, stage and item around it, and their span', async () => {
    await withRun(RUN, async () => {
      log.info('in the run', { page_count: 3 });
      await withStage('ocr', async () => {
        await Promise.resolve();
        log.info('in the stage', { backend: 'tesseract', pages: [1, 2] });
        withItem('a.pdf', () => log.info('in the item'));
      });
    });
    const run = { 'run.id': 'log-1', pipeline: 'minutes', subdomain: 'alameda', level: 'info' };
    const stage = { ...run, stage: 'ocr', attempt: 1, retry_count: 0 };
    expect(lines()).toEqual([
      {
        event: undefined,
        body: 'in the run',
        severity: 'INFO',
        attributes: { ...run, page_count: 3 },
      },
      {
        event: undefined,
        body: 'in the stage',
        severity: 'INFO',
        attributes: { ...stage, backend: 'tesseract', pages: [1, 2] },
      },
      {
        event: undefined,
        body: 'in the item',
        severity: 'INFO',
        attributes: { ...stage, 'item.id': 'a.pdf' },
      },
    ]);
    const spanIds = ['in the run', 'in the stage', 'in the item'].map(
      (body) => telemetry.sdk.log(body).spanContext?.spanId,
    );
    const [run1, ocr] = ['minutes', 'ocr'].map(
      (name) => telemetry.sdk.span(name).spanContext().spanId,
    );
    expect(spanIds).toEqual([run1, ocr, ocr]);
  });

  test.for([
    ['debug', 'DEBUG', 'debug', undefined],
    ['info', 'INFO', 'info', undefined],
    ['warn', 'WARN', 'warning', undefined],
    ['error', 'ERROR', 'error', 'failed'],
  ] as const)('log.%s has severity %s and level %s', ([method, severity, level, status]) => {
    log[method]('outside any run', { files_processed: 2 });
    expect(lines()).toEqual([
      {
        event: undefined,
        body: 'outside any run',
        severity,
        attributes: { files_processed: 2, level, ...(status && { status }) },
      },
    ]);
  });

  test('an error among the fields is told with type, message, category and stack', () => {
    log.error('could not read', {
      error: Object.assign(new Error('gone'), { code: 'ENOENT' }),
      pdf_path: 'a.pdf',
    });
    log.warn('odd', { error: 'only text' });
    expect(lines()).toEqual([
      {
        event: undefined,
        body: 'could not read',
        severity: 'ERROR',
        attributes: {
          'error.type': 'ENOENT',
          'error.message': 'gone',
          'error.category': 'io',
          'exception.stacktrace': '<stack>',
          pdf_path: 'a.pdf',
          level: 'error',
          status: 'failed',
        },
      },
      {
        event: undefined,
        body: 'odd',
        severity: 'WARN',
        attributes: {
          'user.error': 'only text',
          'milepost.flags': ['field_renamed'],
          level: 'warning',
        },
      },
    ]);
  });

  test('its own fields never take the place of the standard ones', () => {
    withRun(RUN, () =>
      log.info('mine', {
        status: 'odd',
        run_id: 'other',
        'run.id': 'other',
        level: 9,
        trace_id: 1,
      }),
    );
    expect(lines()).toEqual([
      {
        event: undefined,
        body: 'mine',
        severity: 'INFO',
        attributes: {
          'run.id': 'log-1',
          pipeline: 'minutes',
          subdomain: 'alameda',
          level: 'info',
          'milepost.flags': ['field_renamed'],
          'user.level': 9,
          'user.run.id': 'other',
          'user.run_id': 'other',
          'user.status': 'odd',
          'user.trace_id': 1,
        },
      },
    ]);
  });

  test('is written also where its fields cannot be read', () => {
    log.info('still here', hostileProxy() as Record<string, unknown>);
    log.info('and here', {
      get broken(): string {
        throw new Error('a getter that throws');
      },
      whole: 1,
    });
    const flagged = { level: 'info', 'milepost.flags': ['field_unreadable'] };
    expect(lines()).toEqual([
      { event: undefined, body: 'still here', severity: 'INFO', attributes: flagged },
      {
        event: undefined,
        body: 'and here',
        severity: 'INFO',
        attributes: { ...flagged, broken: '[unreadable]', whole: 1 },
      },
    ]);
    expect(diag.messages).toEqual([]);
  });

  test('is written also where its error is a proxy that throws on everything', () => {
    log.error('still here', { error: hostileProxy() });
    expect(lines()).toEqual([
      {
        event: undefined,
        body: 'still here',
        severity: 'ERROR',
        attributes: {
          level: 'error',
          status: 'failed',
          'user.error': '[unreadable]',
          'milepost.flags': ['field_renamed', 'field_unreadable'],
        },
      },
    ]);
  });

  test('a message that is no text is written as text, a long one is bounded', () => {
    log.info(42 as never);
    log.info('é'.repeat(10_000));
    const [first, second] = lines() as { body: string }[];
    expect(first?.body).toBe('42');
    expect(Buffer.byteLength(second?.body ?? '')).toBeLessThanOrEqual(4096);
    expect(second?.body).toMatch(/^é+…\[truncated, 10000 characters\]$/);
  });

  test('a message that cannot become text does not throw', () => {
    expect(() => log.info(Object.create(null) as never)).not.toThrow();
  });
});
