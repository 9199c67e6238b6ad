import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type TestContext, afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { askUntil, urlWith } from './ask.ts';
import { type StageOnce, runStageOnce } from './run-stage-once.ts';
import { runbookQueries } from './runbook.ts';
import { type Stack, startStack } from './start-stack.ts';
import { type ToldAlert, type Webhook, startWebhook } from './webhook.ts';

// The rules are those that are committed; what makes them wait is shorter, by their settings. With
// MILEPOST_TEST_INTERVALS=committed rules are evaluated and alerts are told as often as is committed: the times are then those of
// an operator (`--reporter=verbose` shows them).
const INTERVALS = process.env['MILEPOST_TEST_INTERVALS'] === 'committed' ? 'committed' : 'short';
const GONE_AFTER_SECONDS = 15;
// Long enough for what is evaluated least often.
const WINDOW_SECONDS = INTERVALS === 'short' ? 20 : 660;
const EXPECTED_INTERVAL_SECONDS = 10;

let webhook: Webhook;
let stack: Stack;

beforeAll(async () => {
  webhook = await startWebhook();
  stack = await startStack({
    webhookUrl: webhook.url,
    intervals: INTERVALS,
    alertSettings: {
      goneAfter: `${GONE_AFTER_SECONDS}s`,
      window: `${WINDOW_SECONDS}s`,
      tendencyHolds: '1s',
    },
  });
});
afterAll(async () => {
  await stack.stop();
  await webhook.close();
});

/** Runs the program to its end; resolves with when it came to its last outcome (where it hangs: when it was killed). */
async function lastOutcome(
  outcomes: Parameters<typeof runStageOnce>[0],
  more: StageOnce,
): Promise<number> {
  let last = Number.NaN;
  const onOutcome = (): void => {
    last = Date.now();
  };
  await runStageOnce(outcomes, stack.otlpUrl, { ...more, onOutcome });
  return last;
}

/** Waits until Alertmanager told, and says how long that took. */
async function expectTold(
  { annotate }: Pick<TestContext, 'annotate'>,
  what: string,
  since: number,
  told: Promise<ToldAlert>,
): Promise<void> {
  const { at, status, labels, annotations } = await told;
  const name = labels['alertname'] ?? '';
  expect(annotations['runbook_url']).toBe(`grafana/RUNBOOK.md#${name.toLowerCase()}`);
  if (status === 'firing') await expectRunbookAnswers(name, labels);
  await annotate(`${name} | ${what} | ${status} | ${secondsBetween(since, at)}`);
}

/** Asks what the runbook says to ask next. */
async function expectRunbookAnswers(
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const queries = runbookQueries(name, labels);
  expect(queries).not.toEqual([]);
  for (const { language, query } of queries) {
    const answer = await askUntil(
      language === 'logql'
        ? urlWith(`${stack.lokiUrl}/loki/api/v1/query_range`, { query })
        : urlWith(`${stack.prometheusUrl}/api/v1/query`, { query }),
      z.object({ data: z.object({ result: z.array(z.unknown()).min(1) }) }),
    );
    expect(answer.data.result).not.toEqual([]);
  }
}

function secondsBetween(since: number, at: number): string {
  return `${((at - since) / 1000).toFixed(1)} s`;
}

describe.concurrent(
  'told, and over',
  { timeout: INTERVALS === 'short' ? 300_000 : 3_600_000 },
  () => {
    test('PipelineStageFailed: the first failure ever, of a process that runs once and ends', async (context) => {
      const place = { subdomain: 'boston' };
      const failed = await lastOutcome('fails', place);
      const firing = webhook.told('firing', 'PipelineStageFailed', place);
      await expectTold(context, 'the failure of a process that ended', failed, firing);
      const { labels, annotations } = await firing;
      expect(labels).toEqual({
        alertname: 'PipelineStageFailed',
        job: 'nightly',
        pipeline: 'minutes',
        stage: 'ocr',
        subdomain: 'boston',
        severity: 'critical',
      });
      expect(annotations['summary']).toBe('ocr of minutes (boston) failed');
      const completed = await lastOutcome('completes', place);
      const resolved = webhook.told('resolved', 'PipelineStageFailed', place);
      await expectTold(context, 'the next success', completed, resolved);
    });

    test('PipelineStageFailed: the first failure ever, of a process that lives on', async (context) => {
      const place = { subdomain: 'chicago' };
      const firing = webhook.told('firing', 'PipelineStageFailed', place);
      let failed = Number.NaN;
      const ended = runStageOnce(['completes', 'fails', 'lives'], stack.otlpUrl, {
        ...place,
        until: firing,
        onOutcome: (outcome) => {
          if (outcome === 'fails') failed = Date.now();
        },
      });
      await firing;
      await expectTold(context, 'the failure of a process that lives on', failed, firing);
      await ended;
    });

    test('PipelineItemsFailed: one item of a process that runs once; it goes when the window is over', async (context) => {
      const place = { subdomain: 'denver' };
      const failed = await lastOutcome('loses an item', place);
      const firing = webhook.told('firing', 'PipelineItemsFailed', place);
      await expectTold(context, 'the failure of the item', failed, firing);
      const resolved = webhook.told('resolved', 'PipelineItemsFailed', place);
      await expectTold(
        context,
        `the end of the window of ${WINDOW_SECONDS} s`,
        failed + WINDOW_SECONDS * 1000,
        resolved,
      );
    });

    test('PipelineStageStuck: a process that is killed', async (context) => {
      const place = { subdomain: 'eugene' };
      const killed = await lastOutcome('hangs', place);
      const firing = webhook.told('firing', 'PipelineStageStuck', place);
      await expectTold(
        context,
        `${GONE_AFTER_SECONDS} s after SIGKILL`,
        killed + GONE_AFTER_SECONDS * 1000,
        firing,
      );
      const completed = await lastOutcome('completes', place);
      const resolved = webhook.told('resolved', 'PipelineStageStuck', place);
      await expectTold(context, 'the next success', completed, resolved);
    });

    test('PipelineStageStale: a start that was missed', async (context) => {
      const place = { subdomain: 'fresno' };
      const started = await lastOutcome('completes', {
        ...place,
        expectedIntervalSeconds: EXPECTED_INTERVAL_SECONDS,
      });
      const firing = webhook.told('firing', 'PipelineStageStale', place);
      await expectTold(
        context,
        'the time when it was late',
        started + 1100 * EXPECTED_INTERVAL_SECONDS,
        firing,
      );
      const next = await lastOutcome('completes', { ...place, expectedIntervalSeconds: 3600 });
      const resolved = webhook.told('resolved', 'PipelineStageStale', place);
      await expectTold(context, 'the next start', next, resolved);
    });

    test('PipelineFailureRatioHigh: two of six; it goes when the window is over', async (context) => {
      const place = { subdomain: 'gary' };
      const failed = await lastOutcome(
        ['completes', 'completes', 'completes', 'completes', 'fails', 'fails'],
        place,
      );
      const firing = webhook.told('firing', 'PipelineFailureRatioHigh', place);
      await expectTold(context, 'the second failure', failed, firing);
      const resolved = webhook.told('resolved', 'PipelineFailureRatioHigh', place);
      await expectTold(
        context,
        `the end of the window of ${WINDOW_SECONDS} s`,
        failed + WINDOW_SECONDS * 1000,
        resolved,
      );
    });

    test('PipelineStageSlow: five slow ones after a hundred and fifty quick ones', async (context) => {
      const place = { subdomain: 'houston' };
      await lastOutcome(
        Array.from({ length: 150 }, () => 'completes' as const),
        place,
      );
      const ofPlace = 'present_over_time(pipeline_stage_runs_total{subdomain="houston"}';
      // Until the quick ones are out of the window: they ran, and within it nothing did.
      await askUntil(
        urlWith(`${stack.prometheusUrl}/api/v1/query`, {
          query: `${ofPlace}[1h]) unless ${ofPlace}[${WINDOW_SECONDS}s])`,
        }),
        z.object({ data: z.object({ result: z.array(z.unknown()).min(1) }) }),
        2000 * WINDOW_SECONDS,
      );
      const slow = await lastOutcome(['slow', 'slow', 'slow', 'slow', 'slow'], place);
      const firing = webhook.told('firing', 'PipelineStageSlow', place);
      await expectTold(context, 'the fifth slow end', slow, firing);
      const resolved = webhook.told('resolved', 'PipelineStageSlow', place);
      await expectTold(
        context,
        `the end of the window of ${WINDOW_SECONDS} s`,
        slow + WINDOW_SECONDS * 1000,
        resolved,
      );
    });

    test('PipelineTelemetryLost: logs that are refused for good; it goes when the window is over', async (context) => {
      const refusing = createServer((request, response) => {
        request.resume();
        response.writeHead(400).end();
      }).listen(0, '127.0.0.1');
      await once(refusing, 'listening');
      const reason = { signal: 'logs', reason: 'rejected' };
      const firing = webhook.told('firing', 'PipelineTelemetryLost', reason);
      let lost = Number.NaN;
      const ended = runStageOnce(['completes', 'lives'], stack.otlpUrl, {
        subdomain: 'irving',
        until: firing,
        env: {
          OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/v1/logs`,
          OTEL_METRIC_EXPORT_INTERVAL: '1000',
        },
        onOutcome: () => {
          lost = Number.isNaN(lost) ? Date.now() : lost;
        },
      });
      await firing;
      await expectTold(context, 'the loss', lost, firing);
      await ended;
      await once(refusing.close(), 'close');
      const resolved = webhook.told('resolved', 'PipelineTelemetryLost', reason);
      await expectTold(
        context,
        `the end of the window of ${WINDOW_SECONDS} s`,
        lost + WINDOW_SECONDS * 1000,
        resolved,
      );
    });
  },
);
