import { type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { describe, expect, test } from 'vitest';
import { eachItem, withItem, withRun, withStage } from '@milepost/core';
import { plainAttributes, plainLog, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();

const RUN = { pipeline: 'minutes', subdomain: 'alameda', runId: 'alameda_1737072000_abc123' };

const milestones = (): unknown[] => telemetry.sdk.logs.map(plainLog);
const attributesOf = (body: string): unknown => plainAttributes(telemetry.sdk.log(body).attributes);

const RUN_FIELDS = {
  'run.id': 'alameda_1737072000_abc123',
  pipeline: 'minutes',
  subdomain: 'alameda',
  attempt: 1,
  retry_count: 0,
};
const STAGE_FIELDS = { ...RUN_FIELDS, stage: 'fetch' };
const TIMES = { 'duration.seconds': '<seconds>', start_time: '<time>', end_time: '<time>' };

describe('milestones of a stage', () => {
  test('started and completed', () => {
    withRun({ ...RUN, client: 'Guy-Wilson', attributes: { trigger: 'cron' } }, () =>
      withStage('fetch', { attributes: { scraper_type: 'legistar' } }, (stage) => {
        stage.count('total_pdfs', 40);
        stage.count('total_pdfs', 7);
        stage.set('fetch_duration_per_pdf', 1.5);
      }),
    );
    const client = { 'client.id': 'Guy-Wilson' };
    expect(milestones()).toEqual([
      {
        event: 'run_started',
        body: 'run_started',
        severity: 'INFO',
        attributes: {
          ...RUN_FIELDS,
          ...client,
          trigger: 'cron',
          level: 'info',
          status: 'started',
          start_time: '<time>',
        },
      },
      {
        event: 'fetch_started',
        body: 'fetch_started',
        severity: 'INFO',
        attributes: {
          ...STAGE_FIELDS,
          ...client,
          scraper_type: 'legistar',
          level: 'info',
          status: 'started',
          start_time: '<time>',
        },
      },
      {
        event: 'fetch_completed',
        body: 'fetch_completed',
        severity: 'INFO',
        attributes: {
          ...STAGE_FIELDS,
          ...client,
          ...TIMES,
          scraper_type: 'legistar',
          fetch_duration_per_pdf: 1.5,
          total_pdfs: 47,
          level: 'info',
          status: 'completed',
        },
      },
      {
        event: 'run_completed',
        body: 'run_completed',
        severity: 'INFO',
        attributes: {
          ...RUN_FIELDS,
          ...client,
          ...TIMES,
          trigger: 'cron',
          level: 'info',
          status: 'completed',
        },
      },
    ]);
  });

  test('failed', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(() =>
      withRun(RUN, () =>
        withStage('fetch', (stage) => {
          stage.setErrorContext({ url: 'https://example.org', http_status: 502 });
          throw error;
        }),
      ),
    ).toThrow(error);
    const ERROR_FIELDS = {
      ...TIMES,
      'error.type': 'ECONNREFUSED',
      'error.message': 'connect ECONNREFUSED',
      'error.category': 'network',
      'exception.stacktrace': '<stack>',
      level: 'error',
      status: 'failed',
    };
    expect(milestones().slice(2)).toEqual([
      {
        event: 'fetch_failed',
        body: 'fetch_failed',
        severity: 'ERROR',
        attributes: {
          ...STAGE_FIELDS,
          ...ERROR_FIELDS,
          url: 'https://example.org',
          http_status: 502,
        },
      },
      {
        event: 'run_failed',
        body: 'run_failed',
        severity: 'ERROR',
        attributes: { ...RUN_FIELDS, ...ERROR_FIELDS },
      },
    ]);
  });

  test('partial, with the item that failed', async () => {
    await withRun(RUN, () =>
      withStage('fetch', () =>
        eachItem(
          ['a.pdf', 'b.pdf'],
          { attributes: (pdf) => ({ pdf_path: `in/${pdf}` }) },
          (pdf) => {
            if (pdf === 'b.pdf') throw new TypeError('broken');
          },
        ),
      ),
    );
    expect(milestones().slice(2)).toEqual([
      {
        event: 'item_failed',
        body: 'item_failed',
        severity: 'ERROR',
        attributes: {
          ...STAGE_FIELDS,
          ...TIMES,
          'item.id': 'b.pdf',
          pdf_path: 'in/b.pdf',
          'error.type': 'TypeError',
          'error.message': 'broken',
          'error.category': 'program',
          'exception.stacktrace': '<stack>',
          level: 'error',
          status: 'failed',
        },
      },
      {
        event: 'fetch_completed',
        body: 'fetch_completed',
        severity: 'WARN',
        attributes: {
          ...STAGE_FIELDS,
          ...TIMES,
          'items.total': 2,
          'items.successful': 1,
          'items.failed': 1,
          level: 'warning',
          status: 'partial',
        },
      },
      {
        event: 'run_completed',
        body: 'run_completed',
        severity: 'WARN',
        attributes: { ...RUN_FIELDS, ...TIMES, level: 'warning', status: 'partial' },
      },
    ]);
  });

  test('cancelled by an abort', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(
      withRun(RUN, () => withStage('fetch', async () => controller.signal.throwIfAborted())),
    ).rejects.toBe(controller.signal.reason);
    expect(milestones().slice(2)).toEqual([
      {
        event: 'fetch_cancelled',
        body: 'fetch_cancelled',
        severity: 'WARN',
        attributes: { ...STAGE_FIELDS, ...TIMES, level: 'warning', status: 'cancelled' },
      },
      {
        event: 'run_cancelled',
        body: 'run_cancelled',
        severity: 'WARN',
        attributes: { ...RUN_FIELDS, ...TIMES, level: 'warning', status: 'cancelled' },
      },
    ]);
  });

  test('cancelled by its consumer, with what it had seen', () => {
    withRun(RUN, () => {
      for (const _ of withStage('fetch', () => [1, 2, 3].values())) break;
    });
    expect(attributesOf('fetch_cancelled')).toEqual({
      ...STAGE_FIELDS,
      ...TIMES,
      'items.total': 1,
      'items.successful': 1,
      'items.failed': 0,
      reason: 'the consumer stopped early',
      level: 'warning',
      status: 'cancelled',
    });
  });

  test('skipped, with a reason', () => {
    withRun(RUN, () => withStage('fetch', (stage) => stage.skip('nothing new')));
    expect(milestones().slice(2)).toEqual([
      {
        event: 'fetch_skipped',
        body: 'fetch_skipped',
        severity: 'INFO',
        attributes: {
          ...STAGE_FIELDS,
          ...TIMES,
          reason: 'nothing new',
          level: 'info',
          status: 'skipped',
        },
      },
      expect.objectContaining({ event: 'run_completed' }),
    ]);
  });

  test('a retry says which attempt it is, a second one of its name which occurrence', () => {
    withRun({ ...RUN, attempt: 3 }, () => {
      withStage('fetch', () => undefined);
      withStage('fetch', { attempt: 2 }, () => undefined);
      withStage('fetch', () => undefined);
    });
    const fields = telemetry.sdk.logs
      .filter((record) => record.body === 'fetch_completed')
      .map(({ attributes }) => [
        attributes['attempt'],
        attributes['retry_count'],
        attributes['stage.occurrence'],
      ]);
    expect(fields).toEqual([
      [1, 0, undefined],
      [2, 1, undefined],
      [1, 0, 2],
    ]);
    expect(attributesOf('run_completed')).toMatchObject({ attempt: 3, retry_count: 2 });
  });

  test('a run inside a run names its parent, a stage outside any run makes an implicit one', () => {
    withRun(RUN, () => withRun({ pipeline: 'inner', runId: 'inner-1' }, () => undefined));
    const [, inner] = telemetry.sdk.logs;
    expect(plainAttributes(inner?.attributes ?? {})).toEqual({
      'run.id': 'inner-1',
      'parent_run.id': RUN.runId,
      pipeline: 'inner',
      attempt: 1,
      retry_count: 0,
      level: 'info',
      status: 'started',
      start_time: '<time>',
    });
    withStage('lonely', () => undefined);
    const [started] = telemetry.sdk.logs.filter(
      ({ body, attributes }) => body === 'run_started' && attributes['pipeline'] === 'lonely',
    );
    expect(plainAttributes(started?.attributes ?? {})).toEqual({
      'run.id': expect.stringMatching(/^lonely_\d{10}_[a-z0-9]{6}$/),
      implicit: true,
      pipeline: 'lonely',
      attempt: 1,
      retry_count: 0,
      level: 'info',
      status: 'started',
      start_time: '<time>',
    });
  });
});

test('each milestone belongs to the span of what it tells of', async () => {
  await withRun(RUN, () =>
    withStage('fetch', () =>
      Promise.allSettled([
        withItem('broken', async () => {
          throw new Error('broken');
        }),
      ]),
    ),
  );
  const spanOf = (record: ReadableLogRecord): string | undefined =>
    telemetry.sdk.spans.find(
      (span) =>
        span.spanContext().spanId === record.spanContext?.spanId &&
        span.spanContext().traceId === record.spanContext.traceId,
    )?.name;
  expect(telemetry.sdk.logs.map((record) => [record.body, spanOf(record)])).toEqual([
    ['run_started', 'minutes'],
    ['fetch_started', 'fetch'],
    ['item_failed', 'item'],
    ['fetch_failed', 'fetch'],
    ['run_completed', 'minutes'],
  ]);
});

test('the scope of everything is this package', () => {
  withStage('fetch', () => undefined);
  const scopes = [
    ...telemetry.sdk.spans.map((span) => span.instrumentationScope.name),
    ...telemetry.sdk.logs.map((record) => record.instrumentationScope.name),
  ];
  expect(new Set(scopes)).toEqual(new Set(['@milepost/core']));
});
