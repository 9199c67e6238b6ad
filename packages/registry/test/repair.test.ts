import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SpanPlace, type StageIdentity } from '@milepost/core/hooks';
import { type Registry, openRegistry } from '@milepost/registry';
import { runSpanId, runTraceId, stageSpanId } from '@milepost/run-id';
import { readLines } from '../src/journal-line.ts';
import { RunWriters } from '../src/run-writers.ts';
import { HeldClock } from './held-clock.ts';
import {
  IN_A_STAGE,
  begun,
  inState,
  killed,
  lastHeartbeat,
  recording,
  rewriteOpening,
  segmentsOf,
  told,
} from './recording-child.ts';
import { temporaryRoot } from './temporary-root.ts';
import { ToldRun } from './told-run.ts';
import { readJson } from './tree.ts';

const isLinux = process.platform === 'linux';

/** The same where nobody can look into the table of processes: only signs of life tell. */
function elsewhere(program: string): string {
  return `import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { readlinkSync } = fs;
fs.readlinkSync = (path, ...rest) => path === '/proc/self/ns/pid' ? 'pid:[1]' : readlinkSync(path, ...rest);
syncBuiltinESMExports();
${program.replaceAll(/^import \{ (.*) \} from '(@milepost\/.*)';$/gm, "const { $1 } = await import('$2');")}`;
}

/** A run whose process was killed in its stage `ocr`. */
async function killedRun(root: string): Promise<number | undefined> {
  const child = await begun(recording(root, IN_A_STAGE));
  await killed(child);
  return child.pid;
}

async function statesOf(registry: Registry): Promise<unknown> {
  const run = await registry.readRun('r1');
  return (
    run && {
      status: run.status,
      state: run.state,
      repaired: run.repaired?.by,
      ocr: run.executions.map(({ state }) => state),
    }
  );
}

function bytesOf(root: string): string {
  const files = [...segmentsOf(root), join(root, 'analytics/job_registry/r1.json')];
  return files.map((path) => readFileSync(path, 'utf8')).join('');
}

describe('a run whose process was killed', () => {
  test('is planned to end as failed, when it last gave a sign of life; a plan changes nothing', async () => {
    const root = temporaryRoot();
    const pid = await killedRun(root);
    await using registry = openRegistry({ root });
    const run = await registry.readRun('r1');
    const before = bytesOf(root);
    const plan = await registry.planRepair('r1');
    const lost = { pid, host: hostname(), goneBy: 'process_gone' };
    expect(plan).toMatchObject({
      runId: 'r1',
      pipeline: 'p',
      state: 'lost',
      refused: undefined,
      ends: [
        {
          unit: 'stage',
          stage: 'ocr',
          state: 'lost',
          lost,
          runAttempt: 1,
          occurrence: 1,
          attempt: 1,
        },
        {
          unit: 'run',
          stage: undefined,
          executionId: undefined,
          state: 'lost',
          lost,
          runAttempt: 1,
        },
      ],
    });
    for (const end of plan.ends) {
      expect(end.status).toBe('failed');
      expect(end.endTime).toBe(run?.lost?.lastHeartbeat);
    }
    expect(plan.ends.map(({ startTime }) => startTime)).toEqual([
      run?.executions[0]?.startTime,
      run?.startTime,
    ]);
    expect(bytesOf(root)).toBe(before);
  });

  test('ends as somebody decided, in a segment of its own, with the evidence', async () => {
    const root = temporaryRoot();
    const pid = await killedRun(root);
    const segments = segmentsOf(root);
    const before = segments.map((path) => readFileSync(path, 'utf8'));
    await using registry = openRegistry({ root });
    const lost = (await registry.readRun('r1'))?.lost;
    const plan = await registry.repairRun('r1', { by: 'mira', reason: 'out of memory' });
    expect(plan.ends).toHaveLength(2);

    expect(segments.map((path) => readFileSync(path, 'utf8'))).toEqual(before);
    const [own = ''] = segmentsOf(root).filter((path) => !segments.includes(path));
    const kinds = readLines(readFileSync(own)).lines.map(({ record }) => record.kind);
    expect(kinds).toEqual(['segment_opened', 'stage_ended', 'run_ended', 'derived_written']);

    const told = {
      error: { error_type: 'ProcessLost', error_category: 'unknown' },
      reason: 'repaired by mira: out of memory',
      endTime: lost?.lastHeartbeat,
      lost: undefined,
      flags: ['repaired'],
      repaired: {
        by: 'mira',
        reason: 'out of memory',
        lost: { pid, host: hostname(), gone_by: 'process_gone', reason: lost?.reason },
      },
    };
    const run = await registry.readRun('r1');
    expect(run).toMatchObject({
      status: 'failed',
      state: 'ended',
      ...told,
      stages: [
        { stage: 'ocr', state: 'failed' },
        { stage: 'deploy', state: 'pending' },
      ],
      executions: [{ stage: 'ocr', state: 'failed', ...told }],
    });
    expect(run?.error?.error_message).toMatch(/ is not there any more; last sign of life \d{4}-/);
    expect(run?.repaired?.at).toBeGreaterThanOrEqual(lost?.lastHeartbeat ?? Infinity);
    expect(readJson(root, 'analytics/job_registry/r1.json')).toMatchObject({
      status: 'failed',
      state: 'ended',
      reason: 'repaired by mira: out of memory',
      pipeline_steps: {
        ocr: { status: 'failed', flags: ['repaired'] },
        deploy: { status: 'pending' },
      },
    });
    expect(readJson(root, 'analytics/ocr/job_metadata/r1.json')).toMatchObject({
      status: 'failed',
      error: { error_type: 'ProcessLost' },
    });
    const verified = await registry.verify({ run: 'r1' });
    expect(verified).toMatchObject({ ok: true, findings: [] });
    expect((await registry.listRuns({ status: 'lost' })).runs).toEqual([]);
    expect((await registry.listRuns({ status: 'failed' })).runs).toHaveLength(1);
  });

  test('repaired again, nothing is written', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using first = openRegistry({ root });
    await first.repairRun('r1', { by: 'mira' });
    await first.close();
    const before = bytesOf(root);
    await using second = openRegistry({ root });
    const plan = await second.repairRun('r1', { by: 'noor', status: 'completed' });
    expect(plan).toMatchObject({ refused: undefined, ends: [] });
    await second.close();
    expect(bytesOf(root)).toBe(before);
  });

  test('repaired again after a repair that was killed before its files, it writes them', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    cpSync(join(root, 'analytics'), join(root, 'before'), { recursive: true });
    const first = openRegistry({ root });
    await first.repairRun('r1', { by: 'mira' });
    await first.close();
    rmSync(join(root, 'analytics'), { recursive: true });
    renameSync(join(root, 'before'), join(root, 'analytics'));
    const segments = segmentsOf(root);
    await using second = openRegistry({ root });
    expect((await second.repairRun('r1', { by: 'noor' })).ends).toEqual([]);
    expect(readJson(root, 'analytics/job_registry/r1.json')).toMatchObject({ status: 'failed' });
    expect((await second.verify()).findings).toEqual([]);
    expect(segmentsOf(root)).toEqual(segments);
  });

  test('the same comes of a rebuild as of the repair', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    const hub = join(root, 'analytics/job_registry/r1.json');
    await using registry = openRegistry({ root });
    await registry.repairRun('r1', { by: 'mira' });
    const before = readFileSync(hub, 'utf8');
    unlinkSync(hub);
    await registry.rebuildCentralRegistry();
    expect(readFileSync(hub, 'utf8')).toBe(before);
  });

  test.for([
    ['completed', 'completed'],
    ['cancelled', 'cancelled'],
    ['partial', 'partial'],
  ] as const)('ends as %s where that was decided', async ([status, step]) => {
    const root = temporaryRoot();
    await killedRun(root);
    await using registry = openRegistry({ root });
    await registry.repairRun('r1', { by: 'mira', status });
    expect(await registry.readRun('r1')).toMatchObject({
      status,
      error: undefined,
      reason: 'repaired by mira',
      executions: [{ state: step, error: undefined }],
    });
  });

  test('ends never later than now, and never before it began', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using registry = openRegistry({ root });
    lastHeartbeat(root, -3_600_000);
    for (const { endTime } of (await registry.planRepair('r1')).ends) {
      expect(endTime).toBeLessThanOrEqual(Date.now());
    }
    lastHeartbeat(root, 365 * 24 * 3_600_000);
    for (const { startTime, endTime } of (await registry.planRepair('r1')).ends) {
      expect(endTime).toBeGreaterThanOrEqual(startTime);
    }
  });

  test('an attempt that another one followed ends as well', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using registry = openRegistry({ root });
    const again = new ToldRun((event) => registry.listener.onEvent(event), {
      runId: 'r1',
      attempt: 2,
      startTime: Date.now(),
    });
    again.start();
    again.stage('ocr');
    again.end();
    await registry.flush();
    const plan = await registry.repairRun('r1', { by: 'mira' });
    expect(plan.ends.map(({ unit, runAttempt, status }) => [unit, runAttempt, status])).toEqual([
      ['stage', 1, 'failed'],
      ['run', 1, 'failed'],
    ]);
    expect(await registry.readRun('r1')).toMatchObject({
      status: 'completed',
      attempt: 2,
      repaired: undefined,
      flags: ['repaired'],
    });
  });

  test('a stage alone ends where others of the run ended it', async () => {
    const root = temporaryRoot();
    const starter = await begun(recording(root, IN_A_STAGE));
    const helper = await begun(
      recording(
        root,
        `await joinRun('r1', () => withStage('toc', async () => { await ready(); await told(); }));`,
      ),
    );
    await killed(helper);
    await told(starter);
    await using registry = openRegistry({ root });
    const plan = await registry.repairRun('r1', { by: 'mira' });
    expect(plan.ends.map(({ unit, stage }) => [unit, stage])).toEqual([['stage', 'toc']]);
    expect(await registry.readRun('r1')).toMatchObject({
      status: 'completed',
      repaired: undefined,
    });
    expect((await registry.getJobPipelineStatus('r1'))?.steps_failed).toEqual(['toc']);
  });
});

describe('is refused, with the reason', () => {
  test('a run whose process lives', async () => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await using registry = openRegistry({ root });
    const refused = `process ${child.pid} on ${hostname()} lives and runs ocr`;
    expect(await registry.planRepair('r1')).toMatchObject({ state: 'running', refused });
    const before = bytesOf(root);
    await expect(registry.repairRun('r1', { by: 'mira' })).rejects.toMatchObject({
      code: 'run_running',
      message: `run r1 is not lost: ${refused}`,
    });
    await told(child);
    expect(await statesOf(registry)).toMatchObject({ state: 'ended', ocr: ['completed'] });
    expect(before).not.toContain('repaired');
  });

  test('a run that is open while a process works on a job of it', async () => {
    const root = temporaryRoot();
    const child = await begun(
      recording(
        root,
        `const { beginRun, createJob, withJob } = await import('@milepost/core');
        const run = beginRun({ pipeline: 'p', runId: 'r1' });
        const place = { queue: 'civic', jobId: '7', attempt: 1 };
        withJob(createJob({ run, name: 'page_job' }), place, () => undefined);
        await withJob(createJob({ run, name: 'page_job' }), { ...place, jobId: '8' }, async () => {
          await ready(); await told();
        });
        await ready(); await told();`,
      ),
    );
    await using registry = openRegistry({ root });
    const refused = `process ${child.pid} on ${hostname()} lives and runs job 8 of civic`;
    expect(await registry.planRepair('r1')).toMatchObject({ state: 'open', refused });
    await expect(registry.repairRun('r1', { by: 'mira' })).rejects.toMatchObject({
      code: 'run_running',
    });
    const again = once(child.stdout ?? child, 'data');
    child.stdin?.write('go on\n');
    await again;
    expect(await registry.planRepair('r1')).toMatchObject({ state: 'open', refused: undefined });
    await told(child);
    expect(await registry.repairRun('r1', { by: 'mira' })).toMatchObject({
      ends: [{ unit: 'run', status: 'completed' }],
    });
  });

  test('a job whose process is gone has no end by it, and is told', async () => {
    const root = temporaryRoot();
    const child = await begun(
      recording(
        root,
        `const { beginRun, createJob, withJob } = await import('@milepost/core');
        const run = beginRun({ pipeline: 'p', runId: 'r1' });
        const place = { queue: 'civic', jobId: '7', attempt: 1 };
        await withJob(createJob({ run, name: 'page_job' }), place, async () => {
          await ready(); await told();
        });`,
      ),
    );
    await killed(child);
    await using registry = openRegistry({ root });
    const ends = [{ unit: 'run' }];
    expect(await registry.planRepair('r1')).toMatchObject({ lostJobs: 1, ends });
    expect(await registry.repairRun('r1', { by: 'mira' })).toMatchObject({ lostJobs: 1, ends });
    expect(await registry.readRun('r1')).toMatchObject({
      state: 'ended',
      jobs: [{ jobId: '7', state: 'lost', endTime: undefined }],
    });
    expect(await registry.planRepair('r1')).toMatchObject({ lostJobs: 1, ends: [] });
  });

  test('a run between two stages of a process that lives', async () => {
    const root = temporaryRoot();
    const child = await begun(
      recording(
        root,
        `await withRun({ pipeline: 'p', runId: 'r1' }, async () => {
          withStage('ocr', () => undefined);
          await ready(); await told();
        });`,
      ),
    );
    await using registry = openRegistry({ root });
    await expect(registry.repairRun('r1', { by: 'mira' })).rejects.toMatchObject({
      code: 'run_running',
      message: `run r1 is not lost: process ${child.pid} on ${hostname()} lives and takes part in it`,
    });
  });

  test('what is no run, no status or nobody', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using registry = openRegistry({ root });
    await expect(registry.repairRun('r9', { by: 'mira' })).rejects.toMatchObject({
      code: 'run_not_found',
    });
    await expect(registry.planRepair('r9')).rejects.toMatchObject({ code: 'run_not_found' });
    await expect(registry.repairRun('r1', { by: '' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    await expect(
      registry.repairRun('r1', { by: 'mira', status: 'skipped' as 'failed' }),
    ).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(existsSync(join(root, 'analytics/job_registry/r1.json'))).toBe(true);
  });
});

test.for([
  [['completed'], 'completed'],
  [['completed', 'partial'], 'partial'],
  [['failed', 'completed'], 'partial'],
] as const)(
  'a run that nobody is known to end, with stages %j, ends as %s when it was last heard of',
  async ([stages, status]) => {
    const root = temporaryRoot();
    const clock = new HeldClock();
    await using registry = openRegistry({ root, clock });
    const run = new ToldRun((event) => registry.listener.onEvent(event), {
      runId: 'r1',
      joined: true,
      startTime: clock.now() - 60_000,
    });
    run.start();
    for (const [index, one] of stages.entries()) run.stage(`s${index}`, [], { status: one });
    await registry.flush();
    expect(await registry.readRun('r1')).toMatchObject({ state: 'open', status: 'started' });
    const { ends } = await registry.repairRun('r1', { by: 'mira' });
    expect(ends).toMatchObject([
      { unit: 'run', state: 'open', lost: undefined, status, startTime: run.run.startTime },
    ]);
    expect(ends[0]?.endTime).toBe((await registry.readRun('r1'))?.executions.at(-1)?.endTime);
    expect(await registry.readRun('r1')).toMatchObject({ status, state: 'ended' });
  },
);

test('an open run with a lost stage ends as partial, though others who took part in it live', async () => {
  const root = temporaryRoot();
  await using registry = openRegistry({ root });
  const run = new ToldRun((event) => registry.listener.onEvent(event), {
    runId: 'r1',
    joined: true,
  });
  run.start();
  run.stage('fetch');
  await registry.flush();
  const helper = await begun(
    recording(
      root,
      `await joinRun('r1', () => withStage('toc', async () => { await ready(); await told(); }));`,
    ),
  );
  await expect(registry.repairRun('r1', { by: 'mira' })).rejects.toMatchObject({
    message: `run r1 is not lost: process ${helper.pid} on ${hostname()} lives and runs toc`,
  });
  await killed(helper);
  const { state, ends } = await registry.repairRun('r1', { by: 'mira' });
  expect(state).toBe('open');
  expect(ends.map((end) => [end.unit, end.state, end.status])).toEqual([
    ['stage', 'lost', 'failed'],
    ['run', 'open', 'partial'],
  ]);
});

test.runIf(isLinux)(
  'a stopped process that goes on after all ends its run itself, and verify says so',
  async () => {
    const root = temporaryRoot();
    const child = await begun(elsewhere(recording(root, IN_A_STAGE)));
    await using registry = openRegistry({ root });
    child.kill('SIGSTOP');
    await inState(child.pid, 'T');
    expect(await statesOf(registry)).toMatchObject({ state: 'running', ocr: ['running'] });
    lastHeartbeat(root, 6 * 60_000);
    expect(await statesOf(registry)).toMatchObject({ state: 'lost', ocr: ['lost'] });

    await registry.repairRun('r1', { by: 'mira' });
    expect(await statesOf(registry)).toEqual({
      status: 'failed',
      state: 'ended',
      repaired: 'mira',
      ocr: ['failed'],
    });
    const { spans } = await registry.repairedSpans('r1');
    expect(spans).toHaveLength(2);

    child.kill('SIGCONT');
    await told(child);
    expect(await statesOf(registry)).toEqual({
      status: 'completed',
      state: 'ended',
      repaired: undefined,
      ocr: ['completed'],
    });
    expect((await registry.readRun('r1'))?.flags).toEqual([]);
    expect((await registry.repairedSpans('r1')).spans).toEqual([]);
    const { ok, findings } = await registry.verify({ run: 'r1' });
    expect(ok).toBe(true);
    expect(findings).toMatchObject([
      { kind: 'repair_withdrawn', severity: 'note', jobId: 'r1' },
      { kind: 'repair_withdrawn', severity: 'note' },
    ]);
    expect(findings[0]?.message).toMatch(
      /^the run \(attempt 1\) ended by itself: completed at \S+, in the place of failed, on which mira decided at \S+$/,
    );
  },
);

test('who decided on an end did not take part in the run', () => {
  const end = { kind: 'run_ended', time: 5, run_attempt: 1, duration_seconds: 1 } as const;
  const writers = new RunWriters();
  writers.note('a', { ...end, status: 'completed' });
  writers.note('b', { ...end, status: 'failed', repaired: { at: 9, by: 'mira' } });
  expect(writers.all.map(({ segment }) => segment)).toEqual(['a']);
});

describe('the spans of what was repaired', () => {
  test('have the IDs and times of those that were never ended', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using registry = openRegistry({ root });
    expect(await registry.repairedSpans('r1')).toEqual({ runId: 'r1', isSampled: true, spans: [] });
    await registry.repairRun('r1', { by: 'mira' });
    const run = await registry.readRun('r1');
    const [execution] = run?.executions ?? [];
    const { spans } = await registry.repairedSpans('r1');
    const shared = {
      traceId: runTraceId('r1'),
      runAttempt: 1,
      endTime: run?.endTime,
      status: 'failed',
      error: run?.error,
      repaired: run?.repaired,
      sentAt: undefined,
    };
    const attributes = {
      'run.id': 'r1',
      pipeline: 'p',
      attempt: 1,
      retry_count: 0,
      status: 'failed',
      'error.type': 'ProcessLost',
      reason: 'repaired by mira',
      'milepost.flags': ['repaired'],
    };
    expect(spans).toEqual([
      {
        ...shared,
        unit: 'stage',
        name: 'ocr',
        executionId: execution?.executionId,
        spanId: execution?.executionId,
        parentSpanId: runSpanId('r1', 1),
        startTime: expect.closeTo(execution?.startTime ?? 0, 2),
        attributes: { ...attributes, stage: 'ocr', 'pipeline.unit': 'stage' },
      },
      {
        ...shared,
        unit: 'run',
        name: 'p',
        executionId: undefined,
        spanId: runSpanId('r1', 1),
        parentSpanId: undefined,
        startTime: expect.closeTo(run?.startTime ?? 0, 2),
        attributes: { ...attributes, 'pipeline.unit': 'run' },
      },
    ]);
  });

  test('are known to be sent once somebody said so', async () => {
    const root = temporaryRoot();
    await killedRun(root);
    await using first = openRegistry({ root });
    await first.repairRun('r1', { by: 'mira' });
    const { spans } = await first.repairedSpans('r1');
    await first.recordRepairSent('r1', spans.slice(0, 1));
    await first.close();
    await using second = openRegistry({ root });
    const again = (await second.repairedSpans('r1')).spans;
    expect(again.map(({ sentAt }) => sentAt !== undefined)).toEqual([true, false]);
    expect(await second.verify({ run: 'r1' })).toMatchObject({ ok: true, findings: [] });
  });

  test('hang where those were begun, and are not meant to be exported where those were not', async () => {
    const root = temporaryRoot();
    await using registry = openRegistry({ root });
    const run = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' });
    const place = (letter: string, parent?: string): SpanPlace => ({
      spanId: letter.repeat(16),
      parentSpanId: parent?.repeat(16),
      isSampled: letter !== 'e',
    });
    const start = (name: string, span: SpanPlace, around?: StageIdentity): StageIdentity => {
      const stage: StageIdentity = {
        run: run.run,
        name,
        occurrence: 2,
        attempt: 3,
        executionId: span.spanId,
        parentExecutionId: around?.executionId,
      };
      const told = { time: (run.time += 10), run: run.run, stage, flags: [], span };
      registry.listener.onEvent({ ...told, type: 'stage_started', fields: { pages: 2 } });
      return stage;
    };
    const started = { time: run.time, run: run.run, fields: { trigger: 'cron' }, flags: [] };
    // An SDK that makes its own IDs.
    registry.listener.onEvent({ ...started, type: 'run_started', span: place('a') });
    const ocr = start('ocr', place('b', 'a'));
    const page = start('page', place('c', 'b'), ocr);
    start('by hand', place('d', '9'), page);
    const spread = { runAttempt: 1, occurrence: 1, attempt: 1 };
    run.startStage('spread', {
      executionId: stageSpanId('r1', 'spread', spread),
      parentExecutionId: page.executionId,
    });
    run.startStage('of another format', { executionId: 'x1', parentExecutionId: 'x0' });
    run.item(page, 'p1').item(page, 'p2', 'failed');
    await registry.close();
    rewriteOpening(root, { host: 'elsewhere', boot_id: 'another', os_thread_id: 1 });
    lastHeartbeat(root, 6 * 60_000);

    await using later = openRegistry({ root });
    await later.repairRun('r1', { by: 'mira' });
    const found = await later.repairedSpans('r1');
    expect(found.isSampled).toBe(true);
    expect(
      found.spans.map(({ name, spanId, parentSpanId }) => [name, spanId[0], parentSpanId?.[0]]),
    ).toEqual([
      ['ocr', 'b', 'a'],
      ['page', 'c', 'b'],
      ['by hand', 'd', '9'],
      ['spread', stageSpanId('r1', 'spread', spread)[0], 'a'],
      ['of another format', stageSpanId('r1', 'of another format', spread)[0], 'a'],
      ['minutes', 'a', undefined],
    ]);
    expect(found.spans.map(({ attributes }) => attributes)).toMatchObject([
      { pages: 2, attempt: 3, retry_count: 2, 'stage.occurrence': 2 },
      { 'items.total': 2, 'items.successful': 1, 'items.failed': 1 },
      {},
      {},
      {},
      { trigger: 'cron' },
    ]);

    const unsampled = openRegistry({ root });
    const again = new ToldRun((event) => unsampled.listener.onEvent(event), {
      runId: 'r1',
      joined: true,
    });
    const stage = {
      run: run.run,
      name: 'e',
      occurrence: 1,
      attempt: 1,
      executionId: 'e'.repeat(16),
    };
    unsampled.listener.onEvent({
      type: 'stage_started',
      time: again.time,
      run: again.run,
      stage: { ...stage, parentExecutionId: undefined },
      fields: {},
      flags: [],
      span: place('e', 'a'),
    });
    await unsampled.close();
    expect((await later.repairedSpans('r1')).isSampled).toBe(false);
  });
});
