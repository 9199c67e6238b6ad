import { execFile, execSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { eachItem, joinRun, recordOutput, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry, type Registry } from '@milepost/registry';
import manifest from '../package.json' with { type: 'json' };

// The command on what a pipeline recorded: as a user types it, in a process of its own, and for most answers, which take
// no process to give, called in this one.

const cli = join(import.meta.dirname, '..', 'packages', 'cli');
const command =
  process.env['MILEPOST_TEST_BUILT'] === '1'
    ? [join(cli, 'dist', 'milepost.js')]
    : ['--conditions=@milepost/source', join(cli, 'src', 'milepost.ts')];

const HOSTILE = '\u001B[2J\u001B]0;owned\u0007\n03';
const LONG = 'https://example.org/minutes?page='.padEnd(10_000, '7');
const ITEMS = ['01.pdf', '02.pdf', HOSTILE, LONG, '議事録 👩‍👩‍👧.pdf'];
const RUN_ID = 'alameda_1768599600_abc123';

const root = await mkdtemp(join(tmpdir(), 'milepost-cli-'));
let registry: Registry;
let disconnect: () => void;

beforeAll(async () => {
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', '1');
  registry = openRegistry({ root });
  disconnect = connectRegistry(registry);
  await withRun(
    {
      pipeline: 'minutes',
      subdomain: 'alameda',
      runId: RUN_ID,
      stages: ['fetch', 'ocr', 'deploy'],
    },
    async () => {
      withStage('fetch', () => undefined);
      await withStage('ocr', () =>
        eachItem(ITEMS, { id: (item) => item }, async (item) => {
          await withStage('page', () => Promise.resolve());
          if (item === HOSTILE) throw new TypeError(`cannot read ${HOSTILE}`);
        }),
      );
    },
  );
  await mkdir(join(root, 'out'));
  await writeFile(join(root, 'out', '01.txt'), 'one');
  await joinRun(RUN_ID, () =>
    withStage('sync', () =>
      eachItem(['01.pdf'], { id: (item) => item }, () => recordOutput(join(root, 'out', '01.txt'))),
    ),
  );
  await Promise.allSettled([
    withRun({ pipeline: 'nightly' }, () =>
      withStage('import', () => Promise.reject(new RangeError('no such table'))),
    ),
  ]);
  await registry.flush();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  disconnect();
  await registry.close();
  await rm(root, { recursive: true });
});

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function spawned(args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
  const { PATH } = process.env;
  const options = { cwd: root, env: { PATH, MILEPOST_ROOT: root, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, ...args], options, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

async function milepost(args: readonly string[]): Promise<Answer> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const env = { MILEPOST_ROOT: root };
  const code = await runCli(args, { stdout, stderr, env, cwd: root, now: () => Date.now() });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, out, err };
}

async function json(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await milepost([...args, '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

/** Without what differs from run to run: durations, times and what follows from them. */
function steady(out: string): string {
  return out
    .replaceAll(/ *(?:<1 ms|\d+(?:\.\d+)? m?s)\b/g, ' TOOK')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?/g, 'TIME')
    .replaceAll(/ *[█▏▒]+/g, ' BAR')
    .replaceAll(/^ +0 +TOOK/gm, ' AXIS')
    .replaceAll(/nightly_\d+_\w{6}/g, 'NIGHTLY')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'TRACE')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/ {2,}/g, '  ');
}

describe('for people', () => {
  test('runs, newest first', async () => {
    const { code, out, err } = await milepost(['runs']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(steady(out)).toMatchInlineSnapshot(`
      "run  pipeline  status  started (UTC)  took  items
      NIGHTLY  nightly  failed  TIME TOOK
      alameda_1768599600_abc123  minutes  partial  TIME TOOK  4/5
      "
    `);
  });

  test('no more runs than asked for, and how to see the rest', async () => {
    const { out } = await milepost(['runs', '--limit', '1']);
    expect(steady(out)).toMatchInlineSnapshot(`
      "run  pipeline  status  started (UTC)  took
      NIGHTLY  nightly  failed  TIME TOOK
      … and 1 more: milepost runs --limit all
      "
    `);
  });

  test('a run', async () => {
    const { code, out, err } = await milepost(['show', RUN_ID]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(steady(out)).toMatchInlineSnapshot(`
      "minutes · alameda_1768599600_abc123 · partial · TOOK · TIME UTC

        stage  status  took  0 TOOK  items
        fetch  completed TOOK BAR
        ocr  partial TOOK BAR  4/5  1 failed
        page  completed TOOK BAR
        page #2  completed TOOK BAR
        page #3  completed TOOK BAR
        page #4  completed TOOK BAR
        page #5  completed TOOK BAR
        sync  completed TOOK BAR  1/1
        deploy  pending

        failed item
        ocr  \\u001b[2J\\u001b]0;owned\\u0007\\n03
        TypeError: cannot read \\u001b[2J\\u001b]0;owned\\u0007\\n03

        record  analytics/job_registry/alameda_1768599600_abc123.json
        trace  TRACE
      "
    `);
  });

  test('the latest run where none is named', async () => {
    const { out } = await milepost(['show']);
    expect(steady(out)).toMatchInlineSnapshot(`
      "nightly · NIGHTLY · failed · TOOK · TIME UTC

        stage  status  took  0 TOOK
        import  failed TOOK BAR

        errors
        import  RangeError: no such table

        record  analytics/job_registry/NIGHTLY.json
        trace  TRACE
      "
    `);
    expect((await milepost(['show', 'latest'])).out).toBe(out);
  });

  test('an item, what was written for it too', async () => {
    const { code, out } = await milepost(['item', '01.pdf']);
    expect(code).toBe(0);
    expect(steady(out)).toMatchInlineSnapshot(`
      "01.pdf · 2 executions in 1 run

        run  stage  status  took  when (UTC)
        alameda_1768599600_abc123  ocr  completed TOOK  TIME
        alameda_1768599600_abc123  sync  completed TOOK  TIME
        →  3 B  out/01.txt
      "
    `);
  });

  test.for([
    ['control characters', HOSTILE],
    ['ten thousand characters', LONG],
    ['wide characters', '議事録 👩‍👩‍👧.pdf'],
  ] as const)('an item whose ID has %s', async ([, id]) => {
    const { code, out, err } = await milepost(['item', id]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(out.length).toBeLessThan(5000);
    expect(out).toContain(RUN_ID);
  });

  test('a run while it runs, its end unknown', async () => {
    const run = withRun({ pipeline: 'slow', stages: ['wait', 'later'] }, () =>
      withStage('wait', async () => {
        await registry.flush();
        const { out } = await milepost(['show']);
        return out;
      }),
    );
    const out = await run;
    expect(out).toMatch(/^slow · slow_\d+_\w{6} · running · no end yet, began /);
    expect(out).toMatch(/wait +running .*▒\n +later +pending\n/);
    await registry.flush();
    expect((await milepost(['show'])).out).toMatch(/ · completed · /);
  });
});

describe('JSON', () => {
  test('of runs', async () => {
    expect(await json('runs', '--limit', '1')).toMatchObject({
      total: expect.any(Number),
      problems: [],
    });
    const { runs } = (await json('runs')) as { runs: readonly { readonly run_id: string }[] };
    expect(runs.find(({ run_id }) => run_id === RUN_ID)).toEqual({
      run_id: RUN_ID,
      pipeline: 'minutes',
      subdomain: 'alameda',
      client_id: null,
      parent_run_id: null,
      implicit: false,
      attempt: 1,
      status: 'partial',
      state: 'ended',
      timestamp: expect.stringMatching(/Z$/),
      end_time: expect.stringMatching(/Z$/),
      duration_seconds: expect.any(Number),
      items: { total: 5, successful: 4, failed: 1 },
      error: null,
      reason: null,
      lost: null,
      flags: [],
    });
  });

  test('of a run: executions, failures and item IDs whole', async () => {
    const run = (await json('show', RUN_ID)) as Record<string, never> & {
      readonly executions: readonly { readonly stage: string; readonly state: string }[];
    };
    expect(run.executions.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
      'fetch completed',
      'ocr partial',
      'page completed',
      'page completed',
      'page completed',
      'page completed',
      'page completed',
      'sync completed',
    ]);
    expect(run['failed_items']).toEqual([
      {
        stage: 'ocr',
        id: HOSTILE,
        error_type: 'TypeError',
        error_message: `cannot read ${HOSTILE}`,
        error_category: 'program',
      },
    ]);
    expect(run['pending_stages']).toEqual(['deploy']);
    expect(run['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    expect(run['record_path']).toBe(join(root, 'analytics', 'job_registry', `${RUN_ID}.json`));
  });

  test('of an item', async () => {
    const item = (await json('item', LONG)) as Record<string, unknown>;
    expect(item['id']).toBe(LONG);
    expect(item['executions']).toMatchObject([
      { run_id: RUN_ID, stage: 'ocr', status: 'completed' },
    ]);
  });
});

test('the build makes the command one that can be run', async () => {
  const bin = join(root, 'clone', 'packages', 'cli', 'dist', 'milepost.js');
  await mkdir(dirname(bin), { recursive: true });
  await writeFile(bin, '', { mode: 0o644 });
  const [compile, ...others] = manifest.scripts.build.split(' && ');
  expect(compile).toBe('tsc -b');
  for (const step of others) execSync(step, { cwd: join(root, 'clone') });
  expect((await stat(bin)).mode & 0o111).toBe(0o111);
});

describe('the process', () => {
  test('says what was asked for', async () => {
    const answer = await spawned(['show', RUN_ID]);
    expect(answer).toEqual(await milepost(['show', RUN_ID]));
  });

  test.for([
    [['show', 'no_such_run'], 1],
    [['runs', '--root', 'nowhere'], 1],
    [['frobnicate'], 2],
  ] as const)('%j ends with exit code %d, and nothing on stdout', async ([args, code]) => {
    expect(await spawned(args)).toMatchObject({ code, out: '', err: expect.stringMatching(/./) });
  });

  test('colours a pipe only where it is made to', async () => {
    const plain = await spawned(['runs'], { NO_COLOR: '1' });
    const coloured = await spawned(['runs'], { FORCE_COLOR: '1' });
    expect(plain.out).not.toContain('\u001B[');
    expect(coloured.out).toContain('\u001B[');
    expect(stripVTControlCharacters(coloured.out)).toBe(plain.out);
  });

  test('ends in silence when nobody reads to the end', async () => {
    const child = spawn(process.execPath, [...command, 'show', RUN_ID, '--json', '--root', root]);
    child.stdout.destroy();
    const [[code], err] = await Promise.all([once(child, 'close'), text(child.stderr)]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('names a file that cannot be read, and goes on', async () => {
    const broken = join(root, 'analytics', 'job_registry', '2026-01-01_00-00-00.json');
    await writeFile(broken, '{"job_id":');
    const { code, out, err } = await milepost(['runs']);
    expect(code).toBe(0);
    expect(out).toContain(RUN_ID);
    expect(err).toContain(
      'milepost: could not read analytics/job_registry/2026-01-01_00-00-00.json: ',
    );
    await rm(broken);
  });
});

// The last one: its run is the latest from here on.
test('a run whose ID begins with a dash, by the command that it hints at', async () => {
  const runId = '-draft-_1737072000_abc123';
  await withRun({ pipeline: 'drafts', runId }, () =>
    withStage('read', () =>
      eachItem(['-1', '-2'], { id: (item) => item }, () => Promise.reject(new Error('no'))),
    ),
  ).catch(() => undefined);
  await registry.flush();
  const { out } = await milepost(['show', '--failures', '1', '--', runId]);
  const [, hint = ''] = /… and 1 more: milepost (.*)/.exec(out) ?? [];
  expect(hint).toBe(`show --failures all -- ${runId}`);
  const followed = await milepost(hint.split(' '));
  expect(followed).toMatchObject({ code: 0, err: '' });
  expect(followed.out).toContain('failed items (2)');
  const elsewhere = ['show', '--root', root, '--failures', '1', '--', runId];
  expect((await milepost(elsewhere)).out).toContain(
    `milepost show --failures all --root ${root} -- ${runId}\n`,
  );
});
