import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { openRegistry } from '@milepost/registry';
import { runSpanId } from '@milepost/run-id';
import { type OtlpServer, drawTrees, startOtlpServer } from './otlp-server/index.ts';

// A pipeline whose process is killed in the middle of a stage, and what `milepost repair` makes of it, with a server of OTLP
// that has what the process sent before.

const packagePath = fileURLToPath(new URL('../packages/node', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('OTEL_') || name.startsWith('MILEPOST_SPOOL')) vi.stubEnv(name, undefined);
  }
  return () => vi.unstubAllEnvs();
});

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function directory(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'milepost-cli-repair-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  return cwd;
}

async function server(port = 0): Promise<OtlpServer> {
  const made = await startOtlpServer({ port });
  onTestFinished(() => made.close());
  return made;
}

async function milepost(
  cwd: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Answer> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const stdout = Object.assign(new PassThrough(), { columns: 200 });
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env, cwd, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

/** A pipeline that has sent all it can when it says so, in the middle of its stage `ocr`. */
async function pipeline(cwd: string, endpoint: string): Promise<ChildProcess> {
  const program = `import { trace } from '@opentelemetry/api';
import { withItem, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { openRegistry } from '@milepost/registry';
const registry = openRegistry({ root: ${JSON.stringify(join(cwd, 'data'))} });
const telemetry = await startTelemetry({ serviceName: 'civic', registry, quiet: true });
const options = { pipeline: 'minutes', runId: 'r1', subdomain: 'alameda', stages: ['fetch', 'ocr', 'deploy'] };
await withRun(options, async () => {
  withStage('fetch', () => undefined);
  await withStage('ocr', { attributes: { backend: 'tesseract' } }, async () => {
    withItem('p1', () => undefined);
    trace.getTracer('of the user').startActiveSpan('by hand', (span) => {
      withStage('page', () => undefined);
      span.end();
    });
    await telemetry.flush();
    await registry.flush();
    console.log('ready');
    await new Promise((resolve) => process.stdin.once('data', resolve));
  });
});
await telemetry.shutdown();
await registry.close();
process.exit(0);`;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    {
      cwd: packagePath,
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout ?? child, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

function treesOf({ spanTrees }: OtlpServer): string {
  return drawTrees(spanTrees(), ({ name, status, attributes }) =>
    [name, status, attributes['status']].filter((part) => part !== undefined).join(' '),
  );
}

test('the trace of a killed process becomes whole: a true root, and the stage that was cut short', async () => {
  const [cwd, collector] = [await directory(), await server()];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const child = await pipeline(cwd, collector.url);
  await killed(child);
  await collector.until(() => collector.spans().length >= 3);
  expect(treesOf(collector)).toBe(
    ['fetch unset completed', 'by hand unset', '  page unset completed'].join('\n'),
  );

  const reason = `process ${child.pid} on ${hostname()} is not there any more`;
  const repaired = await milepost(
    cwd,
    env,
    'repair',
    '--confirm',
    '--send',
    '--service',
    'civic',
    '--by',
    'mira',
    'latest',
  );
  expect(repaired).toMatchObject({ code: 0, err: '' });
  const [head, ...lines] = repaired.out.split('\n');
  expect(head).toMatch(/^minutes · r1 · failed · began .* ago$/);
  expect(lines.map((line) => line.replaceAll(/\s+/g, ' '))).toEqual([
    expect.stringMatching(/^ ocr ended as failed at \S+ \S+ UTC /),
    expect.stringMatching(/^ the run ended as failed at \S+ \S+ UTC /),
    ` sent 2 spans and their logs to ${collector.url}/v1/traces`,
    '',
  ]);
  expect(lines[0]).toContain(reason);

  expect(treesOf(collector)).toBe(
    [
      'minutes error failed',
      '  fetch unset completed',
      '  ocr error failed',
      '    by hand unset',
      '      page unset completed',
    ].join('\n'),
  );
  const [tree] = collector.spanTrees();
  const [, ocr] = tree?.children ?? [];
  await using registry = openRegistry({ root: join(cwd, 'data') });
  const run = await registry.readRun('r1');
  const nanoseconds = (ms = 0): bigint => BigInt(Math.round(ms * 1e6));
  const within = (a: bigint | undefined, b: bigint): void => {
    // A number of milliseconds since 1970 has a few hundred nanoseconds of error.
    expect(Math.abs(Number((a ?? 0n) - b))).toBeLessThan(1000);
  };
  within(tree?.span.startTime, nanoseconds(run?.startTime));
  within(tree?.span.endTime, nanoseconds(run?.endTime));
  const execution = run?.executions.find(({ stage }) => stage === 'ocr');
  within(ocr?.span.startTime, nanoseconds(execution?.startTime));
  within(ocr?.span.endTime, nanoseconds(execution?.endTime));
  expect(tree?.span).toMatchObject({
    spanId: runSpanId('r1', 1),
    parentSpanId: undefined,
    kind: 'internal',
    scope: '@milepost/core',
    statusMessage: expect.stringContaining(reason),
    resource: { 'service.name': 'civic', 'host.name': hostname(), 'process.pid': child.pid },
  });
  expect(ocr?.span.attributes).toEqual({
    'run.id': 'r1',
    pipeline: 'minutes',
    subdomain: 'alameda',
    stage: 'ocr',
    attempt: 1,
    retry_count: 0,
    'pipeline.unit': 'stage',
    backend: 'tesseract',
    'items.total': 1,
    'items.successful': 1,
    'items.failed': 0,
    status: 'failed',
    'error.type': 'ProcessLost',
    reason: 'repaired by mira',
    'milepost.flags': ['repaired'],
  });
  const ends = collector.logRecords().filter(({ body }) => String(body).endsWith('_failed'));
  expect(ends).toMatchObject([
    { body: 'ocr_failed', eventName: 'ocr_failed', severityText: 'ERROR' },
    { body: 'run_failed', eventName: 'run_failed', severityText: 'ERROR' },
  ]);
  expect(ends[0]).toMatchObject({
    traceId: ocr?.span.traceId,
    spanId: ocr?.span.spanId,
    time: ocr?.span.endTime,
    attributes: {
      stage: 'ocr',
      level: 'error',
      status: 'failed',
      'error.category': 'unknown',
      start_time: new Date(Math.floor(execution?.startTime ?? 0)).toISOString(),
    },
  });
  expect(ends[0]?.attributes['pipeline.unit']).toBeUndefined();
});

test('what was sent is not sent again, unless that is asked for', async () => {
  const [cwd, collector] = [await directory(), await server()];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'civic' };
  await killed(await pipeline(cwd, collector.url));
  expect(await milepost(cwd, env, 'repair', '--confirm', 'r1')).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /\n\nTo send the spans that are missing:\n {2}milepost repair --send r1\n$/,
    ),
  });
  const roots = (): number => collector.spans().filter(({ name }) => name === 'minutes').length;
  expect(roots()).toBe(0);
  expect((await milepost(cwd, env, 'repair', '--send', 'r1')).out).toContain(' sent 2 spans ');
  expect(roots()).toBe(1);
  const second = await milepost(cwd, env, 'repair', '--send', 'r1');
  expect(second).toMatchObject({ code: 0, err: '' });
  expect(second.out).toMatch(
    / sent or kept on disk at \S+ \S+ UTC already \(milepost spool tells what waits\); --again sends it once more\n/,
  );
  expect(roots()).toBe(1);
  const json = JSON.parse((await milepost(cwd, env, 'repair', '--send', '--json', 'r1')).out);
  expect(json).toMatchObject({ runs: [{ run_id: 'r1', sent: { outcome: 'sent_before' } }] });
  expect(await milepost(cwd, env, 'repair', '--send', '--again', 'r1')).toMatchObject({ code: 0 });
  expect(roots()).toBe(2);
});

test('what the collector does not take waits on disk, and counts as sent', async () => {
  const [cwd, collector] = [await directory(), await server()];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'civic' };
  await killed(await pipeline(cwd, collector.url));
  await collector.until(() => collector.spans().length >= 3);
  collector.answer = { status: 503 };
  const kept = await milepost(
    cwd,
    { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
    'repair',
    '--confirm',
    '--send',
    '--timeout',
    '1',
    'r1',
  );
  expect(kept).toMatchObject({ code: 0, err: '' });
  expect(kept.out).toContain(
    ` kept 2 spans and their logs on disk, for ${collector.url}/v1/traces: milepost flush sends them`,
  );
  expect((await milepost(cwd, env, 'repair', '--send', 'r1')).out).toContain(
    ' already (milepost spool tells what waits); ',
  );
  collector.answer = 'accept';
  expect(await milepost(cwd, env, 'flush', '--root', 'data')).toMatchObject({ code: 0 });
  expect(treesOf(collector).split('\n')[0]).toBe('minutes error failed');
});

test('a stage that is lost in a run that ended is told, and ended', async () => {
  const [cwd, collector] = [await directory(), await server()];
  const child = await pipeline(cwd, collector.url);
  await killed(child);
  const writer = openRegistry({ root: join(cwd, 'data') });
  const lost = await writer.readRun('r1');
  // As the process that began the run ends it, when one that took part in it was killed.
  writer.listener.onEvent({
    type: 'run_ended',
    time: Date.now(),
    run: {
      runId: 'r1',
      traceId: lost?.traceId ?? '',
      attempt: 1,
      pipeline: 'minutes',
      subdomain: 'alameda',
      clientId: undefined,
      parentRunId: undefined,
      implicit: false,
      joined: false,
      stages: [],
      source: undefined,
      startTime: lost?.startTime ?? 0,
    },
    status: 'partial',
    durationSeconds: 1,
    error: undefined,
    reason: undefined,
    flags: [],
  });
  await writer.close();
  expect((await milepost(cwd, {}, 'runs')).out).toMatch(/r1 .*partial/);
  for (const args of [['repair'], ['repair', '--all']]) {
    const { code, out } = await milepost(cwd, {}, ...args);
    expect(code).toBe(0);
    expect(out).toMatch(/ocr +would end as failed/);
    expect(out).toContain('This writes it:\n  milepost repair --confirm r1\n');
  }
  expect((await milepost(cwd, {}, 'repair', '--all', '--confirm')).out).toMatch(
    /ocr +ended as failed/,
  );
  expect((await milepost(cwd, {}, 'repair')).out).toMatch(/^nothing is lost or open in /);
  expect(await milepost(cwd, {}, 'verify')).toMatchObject({ code: 0 });
});

describe('without being told to write', () => {
  test('it says what is lost, what would be written and what to type, and writes nothing', async () => {
    const [cwd, collector] = [await directory(), await server()];
    const child = await pipeline(cwd, collector.url);
    const running = await milepost(cwd, {}, 'repair', 'r1');
    expect(running).toEqual({
      code: 1,
      out: expect.stringContaining(
        `  refused: process ${child.pid} on ${hostname()} lives and runs ocr\n`,
      ),
      err: 'milepost: run r1 is not lost: somebody lives who may still end it. End that process first.\n',
    });
    expect(await milepost(cwd, {}, 'repair')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^nothing is lost or open in /),
    });
    expect(await milepost(cwd, {}, 'repair', '--confirm', 'r1')).toMatchObject({ code: 1 });

    await killed(child);
    expect((await milepost(cwd, {}, 'show')).out).toContain('  to end it: milepost repair r1\n');
    for (const args of [['repair'], ['repair', 'r1'], ['repair', '--all']]) {
      const { code, out } = await milepost(cwd, {}, ...args);
      expect(code).toBe(0);
      expect(out.replaceAll(/\s+/g, ' ')).toMatch(
        / ocr would end as failed at \S+ \S+ UTC process /,
      );
      expect(out).toContain(
        '\nNothing was written. This writes it:\n  milepost repair --confirm r1\n',
      );
    }
    expect((await milepost(cwd, {}, 'runs')).out).toMatch(/r1 +minutes .*lost /);
    const json = JSON.parse(
      (await milepost(cwd, {}, 'repair', '--json', '--status', 'cancelled')).out,
    );
    expect(json).toMatchObject({
      runs: [
        {
          run_id: 'r1',
          state: 'lost',
          refused: null,
          written: false,
          sent: null,
          ends: [
            { unit: 'stage', stage: 'ocr', status: 'cancelled', lost: { pid: child.pid } },
            { unit: 'run', stage: null, status: 'cancelled', state: 'lost' },
          ],
        },
      ],
    });
    expect(
      await milepost(cwd, { OTEL_SERVICE_NAME: 'civic' }, 'repair', '--send', 'r1'),
    ).toMatchObject({
      code: 1,
      err: 'milepost: nothing was sent of 1 run without an end: --confirm --send ends and sends it.\n',
    });
  });

  test('it says of jobs whose process is gone that they get no end', async () => {
    const cwd = await directory();
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        ...conditions,
        '--input-type=module',
        '--eval',
        `import { beginRun, createJob, withJob } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
const registry = openRegistry({ root: ${JSON.stringify(join(cwd, 'data'))} });
connectRegistry(registry);
const job = createJob({ run: beginRun({ pipeline: 'minutes', runId: 'r1' }), name: 'page_job' });
for (const jobId of ['1', '2']) void withJob(job, { queue: 'civic', jobId }, () => new Promise(() => {}));
await registry.flush();
console.log('ready');
setInterval(() => undefined, 1000);`,
      ],
      { cwd: packagePath, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await killed(child);
    const left = '  lost, and given no end, as their queue may try them again: 2 jobs\n';
    expect((await milepost(cwd, {}, 'repair', 'r1')).out).toMatch(
      new RegExp(`the run +would end as completed[^\n]+\n${left}`),
    );
    expect((await milepost(cwd, {}, 'repair', '--confirm', 'r1')).out).toContain(left);
    expect((await milepost(cwd, {}, 'repair', 'r1')).out).toContain(
      `  the run and its stages have their end\n${left}`,
    );
    const { out } = await milepost(cwd, {}, 'repair', '--json', 'r1');
    expect(JSON.parse(out)).toMatchObject({ runs: [{ ends: [], lost_jobs: 2 }] });
  });

  test('it says of a run of saved steps that there is nothing to end', async () => {
    const cwd = await directory();
    await using registry = openRegistry({ root: join(cwd, 'data') });
    await registry.saveStepMetadata('ocr', 'r1', { status: 'running' });
    for (const args of [
      ['repair', 'r1'],
      ['repair', '--confirm', 'r1'],
    ]) {
      const { code, out } = await milepost(cwd, {}, ...args);
      expect(code).toBe(0);
      expect(out).toMatch(
        /^r1 · open · began .* ago\n {2}nothing of it could be ended here: [^\n]+\n$/,
      );
    }
  });

  test.for([
    [['--confirm'], 2, 'expected a run, or --all'],
    [['--all', 'r1'], 2, 'expected a run or --all'],
    [['--again', 'r1'], 2, '--again belongs to --send'],
    [['--status', 'skipped', 'r1'], 2, 'Allowed choices are'],
    [['--reason', ' ', 'r1'], 2, 'Expected a text'],
    [['r9'], 1, 'no run "r9" in '],
    [['--confirm', '--send', 'r1'], 1, 'whose spans are these?'],
  ] as const)('it refuses %j with %i', async ([args, code, message]) => {
    const cwd = await directory();
    await using registry = openRegistry({ root: join(cwd, 'data') });
    await registry.saveStepMetadata('ocr', 'r1', { status: 'completed' });
    const answer = await milepost(cwd, {}, 'repair', ...args);
    expect(answer).toMatchObject({ code, out: '' });
    expect(answer.err).toContain(message);
  });
});

test('after a repair, runs, show, status and verify tell of its end, and who decided on it', async () => {
  const [cwd, collector] = [await directory(), await server()];
  const child = await pipeline(cwd, collector.url);
  await killed(child);
  expect(await milepost(cwd, {}, 'verify')).toMatchObject({ code: 1 });
  const all = ['repair', '--all', '--confirm', '--by', 'mira', '--reason', 'out of memory'];
  expect(await milepost(cwd, {}, ...all)).toMatchObject({ code: 0, err: '' });
  expect((await milepost(cwd, {}, 'runs')).out).toMatch(/r1 +minutes .*failed /);
  const show = (await milepost(cwd, {}, 'show')).out.replaceAll(/\s+/g, ' ');
  expect(show).toMatch(/^minutes · r1 · failed · /);
  expect(show).toContain(' ProcessLost: process ');
  expect(show).toContain(' failed: repaired by mira: out of memory');
  expect(show).toContain(' flags repaired');
  const status = (await milepost(cwd, {}, 'status')).out.replaceAll(/\s+/g, ' ');
  expect(status).toContain(' completed fetch, page failed ocr pending deploy ');
  expect(await milepost(cwd, {}, 'verify')).toMatchObject({ code: 0, err: '' });
  const json = JSON.parse((await milepost(cwd, {}, 'show', '--json')).out);
  expect(json).toMatchObject({
    status: 'failed',
    repaired: { by: 'mira', reason: 'out of memory', lost: { pid: child.pid } },
  });
  expect((await milepost(cwd, {}, 'repair', '--confirm', 'r1')).out).toContain(
    '  everything has its end\n',
  );
});

test('without the name of a service, it says that nothing was written either', async () => {
  const cwd = await directory();
  expect(await milepost(cwd, {}, 'repair', '--confirm', '--send', 'r1')).toEqual({
    code: 1,
    out: '',
    err: 'milepost: nothing was written and nothing was sent: whose spans are these? Name the service as the pipeline does, with --service or OTEL_SERVICE_NAME.\n',
  });
  expect((await milepost(cwd, {}, 'repair', '--send', 'r1')).err).toMatch(
    /^milepost: nothing was sent: whose spans are these\? /,
  );
});
