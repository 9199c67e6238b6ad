import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '@milepost/cli';
import { eachItem, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { RUN_TYPESCRIPT } from './run-typescript.ts';

const FORMULA = '=HYPERLINK("http://x")';
const isBuilt = process.env['MILEPOST_TEST_BUILT'] === '1';
const cli = fileURLToPath(new URL('../packages/cli/', import.meta.url));
const command = isBuilt
  ? [join(cli, 'dist/milepost.js')]
  : [...RUN_TYPESCRIPT, '--conditions=@milepost/source', join(cli, 'src/milepost.ts')];

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'milepost-cli-export-'));
  const registry = openRegistry({ root, itemsKey: 'citekeys' });
  const disconnect = connectRegistry(registry);
  await withRun(
    { pipeline: 'minutes', subdomain: 'alameda', runId: 'r1', stages: ['ocr', 'toc'] },
    () =>
      withStage('ocr', async () => {
        await eachItem(['doc1', FORMULA], {}, async (item) => {
          if (item === FORMULA) throw new RangeError('no "page", none');
          await registry.writeResult(item, 'a.txt', 'text');
        });
      }),
  );
  withRun({ pipeline: 'nightly', runId: 'r2' }, () => undefined);
  disconnect();
  await registry.close();
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function exported(...args: readonly string[]): Promise<Answer> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const both = Promise.all([text(stdout), text(stderr)]);
  const io = { stdout, stderr, env: {}, cwd: root, now: Date.now };
  const code = await runCli(['export', '--root', root, ...args], io);
  stdout.end();
  stderr.end();
  const [out, err] = await both;
  return { code, out, err };
}

/** Without times and IDs that differ each time. */
function steady(out: string): string {
  return out
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/(?<=TIME,)[\d.e-]+(?=,)/g, 'TOOK')
    .replaceAll(/\b[0-9a-f]{16}\b/g, 'EXECUTION')
    .replaceAll('\r\n', '\n');
}

test('each kind of row as CSV', async () => {
  const all = await Promise.all(
    ['runs', 'stages', 'items', 'failures', 'outputs'].map((what) =>
      exported('--format', 'csv', '--what', what),
    ),
  );
  expect(all.map(({ code, err }) => ({ code, err }))).toEqual(
    all.map(() => ({ code: 0, err: '' })),
  );
  expect(all.map(({ out }) => steady(out)).join('\n')).toMatchInlineSnapshot(`
    "run_id,pipeline,subdomain,client_id,parent_run_id,implicit,attempt,status,state,timestamp,end_time,duration_seconds,items_total,items_successful,items_failed,error_type,error_message,error_category,reason
    r2,nightly,,,,false,1,completed,ended,TIME,TIME,TOOK,,,,,,,
    r1,minutes,alameda,,,false,1,partial,ended,TIME,TIME,TOOK,2,1,1,,,,

    run_id,pipeline,subdomain,stage,execution_id,parent_execution_id,run_attempt,occurrence,attempt,state,timestamp,end_time,duration_seconds,items_total,items_successful,items_failed,error_type,error_message,error_category,reason
    r1,minutes,alameda,ocr,EXECUTION,,1,1,1,partial,TIME,TIME,TOOK,2,1,1,,,,
    r1,minutes,alameda,toc,,,,,,pending,,,,,,,,,,

    run_id,pipeline,subdomain,stage,item_id,status,error_type,error_message,error_category
    r1,minutes,alameda,ocr,doc1,completed,,,
    r1,minutes,alameda,ocr,"'=HYPERLINK(""http://x"")",failed,RangeError,"no ""page"", none",program

    run_id,pipeline,subdomain,stage,item_id,error_type,error_message,error_category
    r1,minutes,alameda,ocr,"'=HYPERLINK(""http://x"")",RangeError,"no ""page"", none",program

    run_id,pipeline,subdomain,stage,execution_id,item_id,path,size,sha256,missing
    r1,minutes,alameda,ocr,EXECUTION,doc1,analytics/ocr/doc1/r1/a.txt,4,982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1,false
    "
  `);
});

test('runs as JSON with all that is known, the newest first', async () => {
  const { code, out, err } = await exported();
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const runs: unknown = JSON.parse(out);
  expect(runs).toMatchObject([
    { run_id: 'r2', status: 'completed', executions: [] },
    {
      run_id: 'r1',
      status: 'partial',
      executions: [{ stage: 'ocr', outputs: [{ item_id: 'doc1', size: 4 }] }],
      pending_stages: ['toc'],
      failed_items: [{ stage: 'ocr', id: FORMULA, error_type: 'RangeError' }],
    },
  ]);
  // A line for each run.
  expect(out.split('\n')).toHaveLength(5);
  expect(JSON.parse((await exported('r1')).out)).toHaveLength(1);
  expect((await exported('--pipeline', 'none')).out).toBe('[]\n');
});

test('rows as JSON have every column, with null for what is not known', async () => {
  const { out } = await exported('r1', '--what', 'items');
  expect(JSON.parse(out)).toEqual([
    {
      run_id: 'r1',
      pipeline: 'minutes',
      subdomain: 'alameda',
      stage: 'ocr',
      item_id: 'doc1',
      status: 'completed',
      error_type: null,
      error_message: null,
      error_category: null,
    },
    {
      run_id: 'r1',
      pipeline: 'minutes',
      subdomain: 'alameda',
      stage: 'ocr',
      item_id: FORMULA,
      status: 'failed',
      error_type: 'RangeError',
      error_message: 'no "page", none',
      error_category: expect.any(String),
    },
  ]);
});

test('filters choose runs, and named ones have none', async () => {
  const idsOf = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { out } = await exported('--format', 'csv', ...args);
    return out
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[0] ?? '');
  };
  expect(await idsOf()).toEqual(['r2', 'r1']);
  expect(await idsOf('--status', 'partial')).toEqual(['r1']);
  expect(await idsOf('--stage', 'ocr', '--what', 'stages')).toEqual(['r1', 'r1']);
  expect(await idsOf('--limit', '1')).toEqual(['r2']);
  expect(await idsOf('r1', 'latest')).toEqual(['r1', 'r2']);
  expect(await exported('r1', '--status', 'partial')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('runs are named: --status filters none of them'),
  });
  expect(await exported('nope')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no run "nope"'),
  });
});

test.for([[[]], [['--json']], [['--what', 'items', '--json']], [['--format', 'csv']]])(
  'names what it could not read, as the rows do not (%j)',
  async ([args = []]) => {
    const hubs = join(root, 'analytics', 'job_registry');
    const odd = Array.from({ length: 7 }, (_, index) => join(hubs, `odd${index}.json`));
    await Promise.all(odd.map((path) => writeFile(path, 'no JSON')));
    try {
      const { code, err } = await exported(...args);
      expect({ code, lines: err.trimEnd().split('\n') }).toEqual({
        code: 0,
        lines: [
          ...Array.from({ length: 5 }, () =>
            expect.stringMatching(
              /^milepost: could not read analytics\/job_registry\/odd\d\.json: /,
            ),
          ),
          'milepost: … and 2 more',
        ],
      });
    } finally {
      await Promise.all(odd.map((path) => rm(path)));
    }
  },
);

test('--raw leaves formulas as they are', async () => {
  const args = ['r1', '--format', 'csv', '--what', 'failures'];
  expect((await exported(...args)).out).toContain(`,"'=HYPERLINK(""http://x"")",`);
  expect((await exported(...args, '--raw')).out).toContain(`,"=HYPERLINK(""http://x"")",`);
});

test('a file is replaced by the whole, or not at all', async () => {
  const file = join(root, 'runs.csv');
  const { code, out, err } = await exported('--format', 'csv', '--output', 'runs.csv');
  expect({ code, out, err }).toEqual({ code: 0, out: `2 runs: ${file}\n`, err: '' });
  const before = await readFile(file, 'utf8');
  expect(before).toBe((await exported('--format', 'csv')).out);
  expect((await exported('r1', 'nope', '--output', 'runs.csv')).code).toBe(1);
  expect(await readFile(file, 'utf8')).toBe(before);
  expect((await readdir(root)).filter((name) => name.includes('.tmp'))).toEqual([]);
});

describe('where --output leads', () => {
  test.for(['there.json', 'not-yet.json'])(
    'a link stays, and %s takes the export',
    async (name) => {
      const link = join(root, `link-to-${name}`);
      const target = join(root, 'linked', name);
      await mkdir(join(root, 'linked'), { recursive: true });
      if (name === 'there.json') await writeFile(target, 'old');
      await symlink(join('linked', name), link);
      const { code, out, err } = await exported('--format', 'csv', '--output', link);
      expect({ code, out, err }).toEqual({ code: 0, out: `2 runs: ${link}\n`, err: '' });
      expect(await readlink(link)).toBe(join('linked', name));
      expect(await readFile(target, 'utf8')).toBe((await exported('--format', 'csv')).out);
      expect(
        (await readdir(join(root, 'linked'))).filter((other) => other.startsWith('.')),
      ).toEqual([]);
    },
  );

  test('what only some may read is read by no more', async () => {
    const file = join(root, 'secret.json');
    await writeFile(file, '[]');
    await chmod(file, 0o600);
    expect((await exported('--output', file)).code).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('what is no regular file is written through, and stays', async () => {
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const { code, out } = await exported('--format', 'csv', '--output', pipe);
    expect({ code, out }).toEqual({ code: 0, out: `2 runs: ${pipe}\n` });
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    const bytes = Buffer.alloc(65_536);
    const written = bytes.toString('utf8', 0, readSync(reader, bytes));
    closeSync(reader);
    expect(written).toBe((await exported('--format', 'csv')).out);
  });

  test.for([[], ['--json']])('what stdout is already gets the export alone: %s', async (more) => {
    const file = join(root, 'stdout.csv');
    await writeFile(file, 'before\n');
    const stdout = openSync(file, 'a');
    const args = ['export', '--root', root, '--format', 'csv', '--output', file, ...more];
    const child = spawn(process.execPath, [...command, ...args], {
      stdio: ['ignore', stdout, 'pipe'],
    });
    const [[code], err] = await Promise.all([
      once(child, 'close'),
      child.stderr === null ? '' : text(child.stderr),
    ]);
    closeSync(stdout);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { out } = await exported('--format', 'csv');
    expect(await readFile(file, 'utf8')).toBe(`before\n${out}`);
  });

  test('an error names what was typed, and what is expected', async () => {
    await mkdir(join(root, 'directory'), { recursive: true });
    await writeFile(join(root, 'file'), '');
    await symlink('round', join(root, 'round'));
    const said = async (output: string): Promise<string> => {
      const { code, out, err } = await exported('--output', output);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      return err.replaceAll(root, 'ROOT');
    };
    expect(await said('directory')).toBe(
      'milepost: --output ROOT/directory: expected a file, and it is a directory\n',
    );
    expect(await said('no/such/place.json')).toBe(
      'milepost: --output ROOT/no/such/place.json: there is no directory ROOT/no/such\n',
    );
    expect(await said('file/x.json')).toBe(
      'milepost: --output ROOT/file/x.json: ENOTDIR: not a directory\n',
    );
    expect(await said('round')).toBe(
      'milepost: --output ROOT/round: ELOOP: too many symbolic links encountered\n',
    );
    expect((await readdir(root)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });
});

test('it writes no faster than it is read', async () => {
  let most = 0;
  const stdout = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => {
      most = Math.max(most, stdout.writableLength - chunk.length);
      setImmediate(done);
    },
  });
  const io = { stdout, stderr: new PassThrough(), env: {}, cwd: root, now: Date.now };
  expect(await runCli(['export', '--root', root], io)).toBe(0);
  // Nothing waits behind the chunk that is being written.
  expect(most).toBe(0);
});

test('whoever stops reading ends it without a word', async () => {
  const child = spawn(process.execPath, [...command, 'export', '--root', root], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const [[code], err] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
});
