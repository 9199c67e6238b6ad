import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { WriteStream } from 'node:tty';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type CliStream, runCli } from '@milepost/cli';
import { openRegistry } from '@milepost/registry';
import manifest from '../package.json' with { type: 'json' };

const root = await mkdtemp(join(tmpdir(), 'milepost-cli-'));
const ESCAPE = '\u001B[';

beforeAll(async () => {
  const registry = openRegistry({ root });
  await registry.saveStepMetadata('ocr', '2026-01-01_21-37-23', {
    status: 'failed',
    timestamp: '2026-01-01T21:37:23Z',
    citekeys: { total: 2, successful: 1, failed: 1, list: ['test_v04', 'test_v05'] },
  });
  await registry.saveStepMetadata('toc', '2026-01-01_21-37-23', {
    status: 'completed',
    timestamp: '2026-01-01T21:47:23Z',
  });
  await registry.close();
});

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(() => rm(root, { recursive: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function said(
  args: readonly string[],
  env: Record<string, string> = {},
  terminal: Partial<CliStream> = {},
): Promise<Said> {
  const stdout = Object.assign(new PassThrough(), terminal);
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, { stdout, stderr, env, cwd: root, now: () => 0 });
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

describe('the root', () => {
  test.for([
    ['--root before the command', ['--root', root, 'runs'], {}],
    ['--root after it', ['runs', '--root', root], {}],
    ['a path relative to the working directory', ['runs', '--root', '.'], {}],
    ['MILEPOST_ROOT', ['runs'], { MILEPOST_ROOT: root }],
    ['--root rather than MILEPOST_ROOT', ['runs', '--root', root], { MILEPOST_ROOT: '/nowhere' }],
  ] as const)('is taken from %s', async ([, args, env]) => {
    const { code, out } = await said(args, env);
    expect(code).toBe(0);
    expect(out).toContain('2026-01-01_21-37-23');
  });

  test.for([{}, { MILEPOST_ROOT: '' }])('is data where nothing names it: %j', async (env) => {
    expect(await said(['runs'], env)).toEqual({
      code: 1,
      out: '',
      err: `milepost: no registry at ${join(root, 'data')}: there is no such directory. Name the directory that holds it with --root or MILEPOST_ROOT.\n`,
    });
  });

  test('is never made', async () => {
    const before = await readdir(root);
    await said(['show', '--root', join(root, 'mistyped')]);
    expect(await readdir(root)).toEqual(before);
  });

  test('is no directory without a registry in it', async () => {
    const { code, err } = await said(['runs', '--root', join(root, 'analytics')]);
    expect(code).toBe(1);
    expect(err).toContain('expected one of analytics, sources, .milepost in it');
  });
});

describe('wrong usage is exit code 2, said on stderr', () => {
  test.for([
    [[], 'Usage: milepost'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['run'], '(Did you mean runs?)'],
    [['runs', '--frobnicate'], "unknown option '--frobnicate'"],
    [['runs', 'extra'], 'too many arguments'],
    [['runs', '--limit', '0'], 'Expected a whole number from 1 on, or all.'],
    [['show', '--failures', 'ten'], 'Expected a whole number from 1 on, or all.'],
    [['runs', '--root'], 'argument missing'],
    [['item'], "missing required argument 'id'"],
    [['item', '-\u001B[31m'], String.raw`unknown option '-\u001b[31m'`],
  ] as const)('%j', async ([args, message]) => {
    const { code, out, err } = await said(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toContain(ESCAPE);
  });
});

test.for([
  ['item', '-draft.pdf'],
  ['show', '--draft_1737072000_abc123'],
] as const)('%s %s is told how to name what begins with a dash', async ([command, id]) => {
  const { code, err } = await said([command, id]);
  expect(code).toBe(2);
  expect(err).toContain(
    `\nWhat begins with a dash and is no option comes after --: milepost ${command} -- -x\n`,
  );
  expect(await said([command, '--root', root, '--', id])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^milepost: no /),
  });
});

test.for([
  [['frobnicate'], 'milepost --help'],
  [['--frobnicate'], 'milepost --help'],
  [['runs', '--frobnicate'], 'milepost runs --help'],
  [['export', '--limit', '0'], 'milepost export --help'],
  [['repair', '--status', 'bogus', 'latest'], 'milepost repair --help'],
  [['repair', '--staus', 'failed', 'latest'], 'milepost repair --help'],
  [['source', 'verify'], 'milepost source verify --help'],
  [['import', 'x', 'y'], 'milepost import --help'],
] as const)('%j is told what tells of its options, and no more', async ([args, command]) => {
  const { code, err } = await said(args);
  expect(code).toBe(2);
  expect(err).toMatch(/^error: .*\n(\(Did you mean .*\)\n)?[^\n]+\n$/);
  expect(err.split('\n').at(-2)).toBe(`${command} tells what there is.`);
});

describe('help is no error', () => {
  test.for([
    [['--help'], 'Exit codes:'],
    [['help', 'show'], '--failures <number>'],
    [['runs', '--help'], '--root <directory>'],
    [['item', '--help'], 'milepost item -- -starts-with-a-dash'],
    [['--version'], `${manifest.version}\n`],
  ] as const)('%j', async ([args, part]) => {
    const { code, out, err } = await said(args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(part);
  });

  test('of export names no default that nobody can type', async () => {
    const { out } = await said(['export', '--help']);
    expect(out).toMatch(/--limit <number> .*\(default: all\)/);
    expect(out).not.toContain('null');
  });
});

describe('what is not there is exit code 1', () => {
  test.for([
    [
      ['show', 'no_such_run'],
      `no run "no_such_run" in ${root}. milepost runs --root ${root} lists`,
    ],
    [['show', '../../etc/passwd'], 'no run "../../etc/passwd"'],
    [['show', '\u001B[2J'], String.raw`no run "\u001b[2J"`],
    [['item', 'no such item'], `no item no such item in any run in ${root}`],
    [['item', 'no such item', '--json'], `no item no such item in any run in ${root}`],
  ] as const)('%j', async ([args, message]) => {
    const { code, out, err } = await said([...args, '--root', root]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(message);
    expect(err).not.toContain(ESCAPE);
  });
});

test('of many files that cannot be read, five are named', async () => {
  const many = await mkdtemp(join(tmpdir(), 'milepost-cli-'));
  onTestFinished(() => rm(many, { recursive: true }));
  const directory = join(many, 'analytics', 'job_registry');
  await mkdir(directory, { recursive: true });
  for (const minute of [1, 2, 3, 4, 5, 6, 7]) {
    await writeFile(join(directory, `2026-01-01_21-0${minute}-00.json`), '{');
  }
  const { code, err } = await said(['runs', '--root', many]);
  expect(code).toBe(0);
  expect(err.match(/^milepost: could not read .*\.json: /gm)).toHaveLength(5);
  expect(err).toMatch(/\nmilepost: … and 2 more: see --json\n$/);
});

describe('colour', () => {
  const terminal = { isTTY: true, columns: 80, getColorDepth: WriteStream.prototype.getColorDepth };

  test.for([
    ['a terminal', {}, terminal, true],
    ['a terminal with NO_COLOR', { NO_COLOR: '1' }, terminal, false],
    ['a pipe', {}, {}, false],
    ['a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, {}, true],
  ] as const)('on %s', async ([, env, stream, expected]) => {
    for (const name of ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'COLORTERM', 'CI']) {
      vi.stubEnv(name, undefined);
    }
    vi.stubEnv('TERM', 'xterm-256color');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { out } = await said(['show', '--root', root], {}, stream);
    expect(out.includes(ESCAPE)).toBe(expected);
  });

  test('never in JSON', async () => {
    vi.stubEnv('FORCE_COLOR', '1');
    const { out } = await said(['show', '--json', '--root', root]);
    expect(out).not.toContain(ESCAPE);
  });
});

test('the waterfall is as wide as the terminal', async () => {
  const headingLength = async (columns: number): Promise<number> => {
    const { out } = await said(['show', '--root', root], {}, { columns });
    return out.split('\n').find((line) => line.includes('status'))?.length ?? 0;
  };
  expect((await headingLength(110)) - (await headingLength(60))).toBe(50);
});
