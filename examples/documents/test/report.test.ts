import { describe, expect, test } from 'vitest';
import { runLinks } from '@milepost/cli/links';
import { formatReport } from '../src/report.ts';
import { parseRunRecord } from '../src/run-record.ts';

const RUN_ID = 'alameda_1737072000_abc123';

const partialRun = parseRunRecord({
  job_id: RUN_ID,
  run_id: RUN_ID,
  status: 'partial',
  attempt: 2,
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  duration_seconds: 18.44,
  pipeline_steps: {
    fetch: {
      status: 'completed',
      state: 'completed',
      duration_seconds: 0.04,
      citekeys: { total: 2, successful: 2, failed: 0, list: ['a', 'b c'] },
      results_summary: { total_pdfs: 2 },
    },
    ocr: {
      status: 'completed',
      state: 'partial',
      duration_seconds: 18.1,
      citekeys: { total: 2, successful: 1, failed: 1, list: ['a', 'b c'] },
      failures: [
        { id: 'b c', error_type: 'InvalidPDFException', error_message: 'Invalid PDF structure.' },
      ],
      results_summary: { page_count: 3, ocr_page_count: 2 },
    },
    deploy: { job_id: null, status: 'pending' },
  },
});

const result = {
  documents: [
    {
      fields: {
        id: 'a',
        name: 'a.pdf',
        sha256: 'a'.repeat(64),
        title: 'Minutes\nof the council',
        titleSource: 'headline' as const,
        pageCount: 3,
        wordCount: 10,
        entities: { years: [1998], emails: ['clerk@example.org'], urls: [], dois: [] },
        votes: [],
      },
      compiled: {
        id: 'a',
        name: 'a.pdf',
        sha256: 'a'.repeat(64),
        pages: [],
        text: '',
        wordCount: 10,
        headline: undefined,
        metadataTitle: undefined,
        cached: false,
      },
    },
  ],
  deployment: {
    current: '/srv/site/current',
    release: '/srv/site/releases/0123456789abcdef',
    manifest: '/srv/site/releases/0123456789abcdef/SHA256SUMS',
    files: [],
    pluginCount: 4,
    unchanged: false,
  },
};

test('what happened, where it lies, and what to type next', () => {
  const report = formatReport(partialRun, { root: 'data', result, delivery: 'not sent' });
  expect(report).toMatchInlineSnapshot(`
    "Run alameda_1737072000_abc123 (attempt 2): partial in 18.4 s

      Stage   Status     Time    Documents  Result
      fetch   completed  0.0 s   2 of 2     total_pdfs 2
      ocr     partial    18.1 s  1 of 2     page_count 3, ocr_page_count 2
      deploy  pending

      Document  Outcome              Title or error
      a         3 pages, 2 entities  Minutes of the council
      b c       failed in ocr        InvalidPDFException: Invalid PDF structure.

    Deployed   /srv/site/current
    Record     data/analytics/job_registry/alameda_1737072000_abc123.json
    Trace      4bf92f3577b34da6a3ce929d0e0e4736
    Telemetry  not sent

    Next:
      npm run -s milepost -- show latest --root data
      npm run -s milepost -- item --root data 'b c'
    "
  `);
});

test('where a Grafana is configured, it ends with the addresses of the run', () => {
  const links = runLinks({ grafana: new URL('http://localhost:3000'), runId: RUN_ID });
  const report = formatReport(partialRun, { root: 'data', result, delivery: 'not sent', links });
  expect(report.slice(report.indexOf('\nIn Grafana:'))).toBe(
    [
      '',
      'In Grafana:',
      `  dashboard  ${links.dashboard}`,
      `  trace      ${links.trace}`,
      `  logs       ${links.logs}`,
      '',
    ].join('\n'),
  );
  expect(links.dashboard).toContain(RUN_ID);
});

describe('a run that failed', () => {
  const failedRun = parseRunRecord({
    ...partialRun,
    status: 'failed',
    attempt: 1,
    pipeline_steps: {
      ...partialRun.pipeline_steps,
      deploy: {
        status: 'failed',
        state: 'failed',
        duration_seconds: 0.2,
        error: { error_type: 'DeployError', error_message: 'disk\nfull' },
      },
    },
  });

  test('says where and why', () => {
    const report = formatReport(failedRun, {
      root: "it's",
      result: undefined,
      delivery: 'sent to http://localhost:4318',
    });
    expect(report).toMatchInlineSnapshot(`
      "Run alameda_1737072000_abc123: failed in 18.4 s

        Stage   Status     Time    Documents  Result
        fetch   completed  0.0 s   2 of 2     total_pdfs 2
        ocr     partial    18.1 s  1 of 2     page_count 3, ocr_page_count 2
        deploy  failed     0.2 s              DeployError: disk full

        Document  Outcome        Title or error
        a         not finished
        b c       failed in ocr  InvalidPDFException: Invalid PDF structure.

      Record     it's/analytics/job_registry/alameda_1737072000_abc123.json
      Trace      4bf92f3577b34da6a3ce929d0e0e4736
      Telemetry  sent to http://localhost:4318

      Next:
        npm run -s milepost -- show latest --root 'it'\\''s'
        npm run -s milepost -- item --root 'it'\\''s' 'b c'
      "
    `);
  });
});

test('a long error is cut, and shows it', () => {
  const step = { status: 'failed', error: { error_type: 'E', error_message: 'x'.repeat(200) } };
  const run = parseRunRecord({ ...partialRun, pipeline_steps: { deploy: step } });
  const report = formatReport(run, { root: 'data', result: undefined, delivery: 'not sent' });
  expect(report).toMatch(/E: x{96}…\n/);
});

test('the record of something else is refused', () => {
  expect(() => parseRunRecord({ job_id: RUN_ID, pipeline_steps: {} })).toThrow(/run_id/);
});

test.for([
  ['b c', "item --root data 'b c'"],
  ['-draft', 'item --root data -- -draft'],
  ['\u001B[2J', undefined],
] as const)('the failed item %j is looked up by %s', ([id, command]) => {
  const ocr = {
    status: 'failed',
    citekeys: { total: 1, successful: 0, list: [id] },
    failures: [{ id, error_type: 'Error', error_message: 'no' }],
  };
  const failed = parseRunRecord({
    run_id: 'alameda_1737072000_abc123',
    status: 'failed',
    attempt: 1,
    pipeline_steps: { ocr },
  });
  const options = { root: 'data', result: undefined, delivery: 'not sent' };
  const lines = formatReport(failed, options).trimEnd().split('\n');
  const next = lines.slice(lines.indexOf('Next:') + 1);
  expect(next).toEqual(
    ['show latest --root data', ...(command === undefined ? [] : [command])].map(
      (words) => `  npm run -s milepost -- ${words}`,
    ),
  );
});
