import { once } from 'node:events';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { journalLines } from '../src/journal-line.ts';
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
async function statesOf(registry: Registry): Promise<unknown> {
  const run = await registry.readRun('r1');
  return run && { state: run.state, ocr: run.executions.map(({ state }) => state) };
}

describe('a run whose process was killed', () => {
  test('reads as lost, with the evidence, and no file ever says so', async () => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await using registry = openRegistry({ root });
    expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });

    await killed(child);
    const run = await registry.readRun('r1');
    const reason = `process ${child.pid} on ${hostname()} is not there any more`;
    expect(run).toMatchObject({
      status: 'started',
      state: 'lost',
      lost: { host: hostname(), pid: child.pid, threadId: 0, goneBy: 'process_gone', reason },
      executions: [{ stage: 'ocr', state: 'lost', lost: { pid: child.pid, reason } }],
      stages: [
        { stage: 'ocr', state: 'lost' },
        { stage: 'deploy', state: 'pending' },
      ],
    });
    const now = Date.now();
    expect(run?.lost?.lastHeartbeat).toBeLessThanOrEqual(now);
    expect(run?.lost?.processStart).toBeLessThanOrEqual(run?.lost?.lastHeartbeat ?? 0);
    if (isLinux) {
      expect(run?.lost?.bootId).toBe(
        readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      );
    }

    expect(await registry.getCentralRegistry('r1')).toMatchObject({
      status: 'started',
      state: 'lost',
      lost: { pid: child.pid, gone_by: 'process_gone' },
      pipeline_steps: { ocr: { status: 'pending', state: 'lost', lost: { pid: child.pid } } },
    });
    expect(await registry.getJobPipelineStatus('r1')).toMatchObject({
      steps_pending: ['ocr', 'deploy'],
      steps_lost: ['ocr'],
    });
    await registry.rebuildCentralRegistry();
    const hub = readJson(root, 'analytics/job_registry/r1.json');
    expect(hub).toMatchObject({ state: 'running', pipeline_steps: { ocr: { state: 'running' } } });
    expect(JSON.stringify(hub)).not.toContain('lost');
  });

  test.for([true, false])('is found by its state, with an index: %s', async (index) => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await using registry = openRegistry({ root, index });
    const listed = async (status: 'lost' | 'running'): Promise<readonly string[]> =>
      (await registry.listRuns({ status })).runs.map(({ state }) => state);
    expect([await listed('lost'), await listed('running')]).toEqual([[], ['running']]);
    await killed(child);
    expect([await listed('lost'), await listed('running')]).toEqual([['lost'], []]);
    expect((await registry.listRuns()).runs.map(({ state }) => state)).toEqual(['lost']);
  });

  test('is not lost any more when its end arrives late', async () => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await killed(child);
    await using registry = openRegistry({ root });
    expect(await statesOf(registry)).toEqual({ state: 'lost', ocr: ['lost'] });

    // As from a disk that was not reachable for a while: the rest of the killed process's records.
    const [run] = (await registry.readRun('r1'))?.executions ?? [];
    const end = {
      run_attempt: 1,
      stage: 'ocr',
      occurrence: 1,
      attempt: 1,
      execution_id: run?.executionId,
    };
    const rest = [
      { kind: 'stage_ended', time: Date.now(), ...end, status: 'completed', duration_seconds: 1 },
      {
        kind: 'run_ended',
        time: Date.now(),
        run_attempt: 1,
        status: 'completed',
        duration_seconds: 1,
      },
    ];
    const late = join(root, '.milepost', 'journal', 'r1', '00000000000000ff.jsonl');
    writeFileSync(
      late,
      journalLines(
        1,
        rest.map((record) => JSON.stringify(record)),
      ),
    );
    expect(await statesOf(registry)).toEqual({ state: 'ended', ocr: ['completed'] });
    expect((await registry.readRun('r1'))?.lost).toBeUndefined();
  });

  test('is running as long as another process that joined it lives', async () => {
    const root = temporaryRoot();
    const starter = await begun(recording(root, IN_A_STAGE));
    const helper = await begun(
      recording(
        root,
        `await joinRun('r1', () => withStage('toc', async () => { await ready(); await told(); }));`,
      ),
    );
    await killed(starter);
    await using registry = openRegistry({ root });
    // What the killed one was at is lost all the same.
    expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['lost', 'running'] });
    await killed(helper);
    expect(await statesOf(registry)).toEqual({ state: 'lost', ocr: ['lost', 'lost'] });
  });

  test('is lost in one stage alone where others of the run went on and ended it', async () => {
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
    const run = await registry.readRun('r1');
    expect(run).toMatchObject({ state: 'ended', status: 'completed', lost: undefined });
    expect(run?.stages).toEqual([
      { stage: 'ocr', state: 'completed' },
      { stage: 'deploy', state: 'pending' },
      { stage: 'toc', state: 'lost' },
    ]);
  });
});

test.runIf(isLinux)('a stopped process is not lost, and ends its run when it goes on', async () => {
  const root = temporaryRoot();
  const child = await begun(recording(root, IN_A_STAGE));
  await using registry = openRegistry({ root });
  child.kill('SIGSTOP');
  await inState(child.pid, 'T');
  lastHeartbeat(root, 30 * 24 * 3_600_000);
  expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
  child.kill('SIGCONT');
  expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
  await told(child);
  expect(await statesOf(registry)).toEqual({ state: 'ended', ocr: ['completed'] });
});

test.runIf(isLinux)('a worker thread that ended is gone, though its process lives', async () => {
  const root = temporaryRoot();
  const inThread = `(async () => {
    const { withRun, withStage } = await import('@milepost/core');
    const { connectRegistry, openRegistry } = await import('@milepost/registry');
    const registry = openRegistry({ root: ${JSON.stringify(root)} });
    connectRegistry(registry);
    await withRun({ pipeline: 'p', runId: 'r1' }, () => withStage('ocr', async () => {
      await registry.flush();
      (await import('node:worker_threads')).parentPort.postMessage('ready');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }));
  })();`;
  const child = await begun(`import { Worker } from 'node:worker_threads';
process.stdin.resume();
const worker = new Worker(${JSON.stringify(inThread)}, { eval: true });
worker.once('message', () => console.log('ready'));
process.stdin.once('data', async () => { await worker.terminate(); console.log('terminated'); });`);
  await using registry = openRegistry({ root });
  expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
  child.stdin?.write('terminate\n');
  await once(child.stdout ?? child, 'data');
  const run = await registry.readRun('r1');
  expect(run).toMatchObject({ state: 'lost', lost: { goneBy: 'process_gone', threadId: 1 } });
  expect(run?.lost?.reason).toContain(', thread 1,');
});

describe('a writer elsewhere is judged by its last sign of life alone', () => {
  const ELSEWHERE: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['on another machine', { host: 'elsewhere', boot_id: 'another', os_thread_id: 1 }],
    ['in another container', { pid_namespace: 'pid:[1]' }],
  ];

  test.for(ELSEWHERE)('%s', async ([, keys]) => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await killed(child);
    rewriteOpening(root, keys);
    await using registry = openRegistry({ root });
    lastHeartbeat(root, 4 * 60_000);
    expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
    lastHeartbeat(root, 6 * 60_000);
    const run = await registry.readRun('r1');
    expect(run).toMatchObject({ state: 'lost', lost: { goneBy: 'silent' } });
    expect(run?.lost?.reason).toMatch(/^process \d+ on \S+ has given no sign of life for 6 min$/);
    // It goes on: nothing was said for good.
    lastHeartbeat(root, 0);
    expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
  });

  test('on this machine before it was started anew', async () => {
    const root = temporaryRoot();
    const child = await begun(recording(root, IN_A_STAGE));
    await killed(child);
    rewriteOpening(root, { boot_id: 'of the boot before' });
    await using registry = openRegistry({ root });
    // Since this boot: a machine of the same name elsewhere.
    lastHeartbeat(root, 0);
    expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
    lastHeartbeat(root, 10 * 365 * 24 * 3_600_000);
    expect(await registry.readRun('r1')).toMatchObject({
      state: 'lost',
      lost: { goneBy: isLinux ? 'machine_restarted' : 'silent' },
    });
  });
});

test('another process with the ID of the one that died does not stand for it', async () => {
  const root = temporaryRoot();
  const child = await begun(recording(root, IN_A_STAGE));
  await killed(child);
  rewriteOpening(root, { pid: process.pid, os_thread_id: process.pid, os_thread_start: '1' });
  await using registry = openRegistry({ root });
  if (isLinux) {
    expect(await registry.readRun('r1')).toMatchObject({
      state: 'lost',
      lost: { goneBy: 'process_replaced' },
    });
  }
});

test('a segment of an earlier version tells nothing of its writer: its run reads as it did', async () => {
  const root = temporaryRoot();
  const child = await begun(recording(root, IN_A_STAGE));
  await killed(child);
  rewriteOpening(root, { heartbeat_seconds: undefined });
  await using registry = openRegistry({ root });
  lastHeartbeat(root, 365 * 24 * 3_600_000);
  expect(await statesOf(registry)).toEqual({ state: 'running', ocr: ['running'] });
});

test('signs of life are given every ten seconds while a run is open, and then no more', async () => {
  const root = temporaryRoot();
  const clock = new HeldClock();
  await using registry = openRegistry({ root, clock });
  const run = new ToldRun((event) => registry.listener.onEvent(event), { runId: 'r1' });
  run.start();
  await registry.flush();
  const [segment = ''] = segmentsOf(root);
  utimesSync(segment, 0, 0);
  clock.advance(9999);
  expect(statSync(segment).mtimeMs).toBe(0);
  clock.advance(1);
  while (statSync(segment).mtimeMs === 0) await new Promise(setImmediate);
  while (clock.due.length === 0) await new Promise(setImmediate);
  expect(clock.due).toEqual([10_000]);
  run.end();
  await registry.flush();
  expect(clock.due).toEqual([]);
});
