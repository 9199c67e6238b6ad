import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { type Registry, openRegistry } from '@milepost/registry';

const root = await mkdtemp(join(tmpdir(), 'milepost-cli-find-'));
const NOW = Date.UTC(2026, 0, 20);
const SUM = 'a'.repeat(64);
const OUTPUT = join(root, 'analytics/fetch/doc9/alameda_run/a.txt');

async function put(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), JSON.stringify(content));
}

/** A run with one stage that made a file. */
function tellRun({ listener }: Registry): void {
  const run = {
    runId: 'alameda_run',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    attempt: 1,
    pipeline: 'minutes',
    subdomain: 'alameda',
    clientId: undefined,
    parentRunId: undefined,
    implicit: false,
    joined: false,
    stages: ['fetch'],
    source: undefined,
    startTime: Date.UTC(2026, 0, 14),
  };
  const stage = {
    run,
    name: 'fetch',
    occurrence: 1,
    attempt: 1,
    executionId: '0'.repeat(16),
    parentExecutionId: undefined,
  };
  const told = { time: run.startTime, run, flags: [], durationSeconds: 1, error: undefined };
  const how = { fields: {}, status: 'completed', reason: undefined } as const;
  listener.onEvent({ type: 'run_started', ...told, ...how });
  listener.onEvent({ type: 'stage_started', stage, ...told, ...how });
  listener.onEvent({ type: 'output_recorded', stage, itemId: 'doc9', path: OUTPUT, ...told });
  const nothing = {
    willRetry: false,
    counts: {},
    config: undefined,
    metadata: {},
    items: undefined,
  };
  listener.onEvent({ type: 'stage_ended', stage, ...nothing, ...told, ...how });
  listener.onEvent({ type: 'run_ended', ...told, ...how });
}

beforeAll(async () => {
  const source = {
    job_id: '2026-01-10_08-00-00',
    timestamp: '2026-01-10T08:00:00Z',
    citekeys: { total: 1, list: ['doc1'] },
    checksums: { doc1: SUM },
  };
  await put(`sources/job_metadata/${source.job_id}.json`, source);
  const step = async (
    name: string,
    day: number,
    status: string,
    further: Record<string, unknown> = {},
  ): Promise<void> => {
    const jobId = `2026-01-${day}_09-00-00`;
    const timestamp = `2026-01-${day}T09:00:00Z`;
    const entry = { job_id: jobId, status, timestamp, ...further };
    await put(`analytics/${name}/job_metadata/${jobId}.json`, { ...entry, pipeline_step: name });
    await put(`analytics/job_registry/${jobId}.json`, {
      job_id: jobId,
      timestamp,
      source: name === 'ocr' ? source : null,
      pipeline_steps: { [name]: entry },
      execution_trace: [],
    });
  };
  const ocr = (dpi: number, citekeys: string[]): Record<string, unknown> => ({
    citekeys: { total: citekeys.length, list: citekeys },
    results_summary: { total_pages: dpi / 100 },
    config: { predict: { dpi } },
  });
  await step('ocr', 11, 'completed', ocr(300, ['doc1', 'doc2']));
  await step('ocr', 12, 'failed', ocr(600, ['doc1', 'doc3']));
  await step('toc', 13, 'completed');
  await mkdir(dirname(OUTPUT), { recursive: true });
  await writeFile(OUTPUT, 'text');
  const registry = openRegistry({ root });
  tellRun(registry);
  await registry.flush();
  await registry.close();
});

afterAll(() => rm(root, { recursive: true }));

async function said(
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const both = Promise.all([text(stdout), text(stderr)]);
  const io = { stdout, stderr, env: {}, cwd: root, now: () => NOW };
  const code = await runCli([...args, '--root', '.'], io);
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out: out.replaceAll(root, '{root}'), err: err.replaceAll(root, '{root}') };
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out } = await said(...args, '--json');
  expect(code).toBe(0);
  return JSON.parse(out);
}

describe('milepost runs', () => {
  const DAY = (day: number): string => `2026-01-${day}_09-00-00`;

  test.for<[readonly string[], readonly string[]]>([
    [['--status', 'failed'], [DAY(12)]],
    [
      ['--stage', 'ocr'],
      [DAY(12), DAY(11)],
    ],
    [['--pipeline', 'minutes'], ['alameda_run']],
    [['--subdomain', 'alameda'], ['alameda_run']],
    [
      ['--item', 'doc1'],
      [DAY(12), DAY(11)],
    ],
    [['--item', 'doc1', '--status', 'completed'], [DAY(11)]],
    [
      ['--since', '2026-01-12', '--until', '2026-01-13T09:00:01'],
      [DAY(13), DAY(12)],
    ],
    [['--until', '8d'], [DAY(11)]],
    [['--stage', 'toc', '--item', 'doc1'], []],
  ])('%j', async ([args, runs]) => {
    const answer = await json('runs', ...args);
    expect(answer['total']).toBe(runs.length);
    expect(answer['runs']).toMatchObject(runs.map((run_id) => ({ run_id })));
  });

  test('tells how many more there are, and how to see them', async () => {
    expect((await said('runs', '--stage', 'ocr', '--since', '30d', '--limit', '1')).out).toContain(
      '… and 1 more: milepost runs --stage ocr --since 2025-12-21T00:00:00.000Z --limit all --root .\n',
    );
  });

  test('says that no run is such', async () => {
    expect(await said('runs', '--pipeline', 'other')).toEqual({
      code: 0,
      out: 'no such runs in {root}\n',
      err: '',
    });
  });

  test.for([
    ['--since', 'yesterday'],
    ['--since', '2026-13-45'],
    ['--until', '5'],
    ['--status', 'nonsense'],
  ])('%j is wrong usage', async (args) => {
    expect(await said('runs', ...args)).toMatchObject({ code: 2, out: '' });
  });
});

describe('milepost checksum', () => {
  test('by the checksum', async () => {
    expect(await json('checksum', SUM.toUpperCase())).toMatchObject({
      sha256: SUM,
      sightings: [
        { role: 'upload', job_id: '2026-01-10_08-00-00', stage: null, item_id: 'doc1' },
        { role: 'input', job_id: '2026-01-11_09-00-00', stage: 'ocr', item_id: 'doc1', path: null },
        { role: 'input', job_id: '2026-01-12_09-00-00', stage: 'ocr', item_id: 'doc1' },
      ],
      problems: [],
    });
  });

  test('by a file', async () => {
    await writeFile(join(root, 'copy.txt'), 'text');
    const { code, out, err } = await said('checksum', 'copy.txt');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, '{time}')).toMatchInlineSnapshot(`
      "sha256 982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1

      as      run          stage  item  when (UTC)
      output  alameda_run  fetch  doc9  {time}

      output  analytics/fetch/doc9/alameda_run/a.txt
      "
    `);
  });

  test.for([
    ['a checksum that nobody saw', 'b'.repeat(64), 'had a file of SHA-256'],
    ['neither file nor checksum', 'missing.txt', 'expected 64 hex digits or the path of a file'],
  ])('%s is said', async ([, given, words]) => {
    const { code, out, err } = await said('checksum', given ?? '');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(words);
  });
});

describe('milepost diff', () => {
  test('as text', async () => {
    const { code, out, err } = await said('diff', '2026-01-11_09-00-00', '2026-01-12_09-00-00');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatchInlineSnapshot(`
      "before  2026-01-11_09-00-00  completed  2026-01-11 09:00:00  -
      after   2026-01-12_09-00-00  failed     2026-01-12 09:00:00  -

      ocr  completed → failed
        config  predict.dpi  300 → 600
        count   total_pages  3 → 6
        item    doc1  completed → failed
        item    doc3  added
        item    doc2  removed
      "
    `);
  });

  test('as JSON', async () => {
    expect(await json('diff', '2026-01-11_09-00-00', '2026-01-12_09-00-00')).toMatchObject({
      before: { run_id: '2026-01-11_09-00-00', pipeline: null },
      after: { run_id: '2026-01-12_09-00-00' },
      is_same: false,
      source: { job_id: { before: '2026-01-10_08-00-00', after: '2026-01-10_08-00-00' } },
      stages: [
        {
          stage: 'ocr',
          presence: 'both',
          state: { before: 'completed', after: 'failed' },
          config: [{ path: ['predict', 'dpi'], before: 300, after: 600 }],
          results_summary: [{ path: ['total_pages'], before: 3, after: 6 }],
          items: {
            added: ['doc3'],
            removed: ['doc2'],
            changed: [{ id: 'doc1', before: 'completed', after: 'failed' }],
          },
        },
      ],
    });
  });

  test('of a run with itself', async () => {
    expect((await said('diff', 'latest', 'latest')).out).toContain('nothing differs besides times');
  });

  test('a run that is not there is said', async () => {
    expect(await said('diff', 'latest', 'absent')).toEqual({
      code: 1,
      out: '',
      err: 'milepost: no run "absent" in {root}. milepost runs --root . lists those there are.\n',
    });
  });
});
