import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCli } from '@milepost/cli';
import { withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';

// What is the latest run where a scheduler has begun another one since.

const root = await mkdtemp(join(tmpdir(), 'milepost-cli-latest-'));

beforeAll(async () => {
  vi.stubEnv('NO_COLOR', '1');
  const registry = openRegistry({ root });
  const disconnect = connectRegistry(registry);
  for (const [pipeline, subdomain, runId] of [
    ['minutes', 'alameda', 'minutes_1'],
    ['minutes', 'berkeley', 'minutes_2'],
    ['cleanup', 'alameda', 'cleanup_1'],
  ] as const) {
    const began = Date.now();
    withRun({ pipeline, subdomain, runId }, () => withStage('fetch', () => undefined));
    // Runs that begin in one millisecond have no order by time.
    await vi.waitUntil(() => Date.now() > began);
  }
  await registry.flush();
  disconnect();
  await registry.close();
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

async function milepost(...args: readonly string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const said = Promise.all([text(stdout), text(stderr)]);
  const env = { MILEPOST_ROOT: root, MILEPOST_GRAFANA_URL: 'http://localhost:3000' };
  const code = await runCli(args, { stdout, stderr, env, cwd: root, now: Date.now });
  stdout.end();
  stderr.end();
  const [out, err] = await said;
  return { code, out, err };
}

/** Commands that take the latest run where none is named. */
const UNNAMED = [['show'], ['status'], ['jobs'], ['links']] as const;
/** All that take it, as they are typed with it. */
const COMMANDS = [
  ...UNNAMED,
  ['show', 'latest'],
  ['watch', 'latest'],
  ['verify', 'latest', '--no-files'],
] as const;

const AMONG = [
  [[], 'cleanup_1'],
  [['--pipeline', 'minutes'], 'minutes_2'],
  [['--subdomain', 'alameda'], 'cleanup_1'],
  [['--pipeline', 'minutes', '--subdomain', 'alameda'], 'minutes_1'],
] as const;

describe.for(COMMANDS)('milepost %s %s', (command) => {
  test.for(AMONG)('of %j is %s', async ([among, runId]) => {
    const { code, out, err } = await milepost(...command, ...among, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    if (command[0] === 'verify') expect(JSON.parse(out)).toMatchObject({ runs: 1, ok: true });
    else expect(out).toMatch(new RegExp(`"(?:run|job)_id": ?"${runId}"`));
  });

  test('says of which pipeline there is none', async () => {
    expect(await milepost(...command, '--pipeline', 'odd\u001B', '--subdomain', 'alameda')).toEqual(
      {
        code: 1,
        out: '',
        err: `milepost: no run of pipeline "odd\\u001b" and subdomain "alameda" in ${root}. milepost runs lists those there are.\n`,
      },
    );
  });

  test('takes no other run with it', async () => {
    const { code, out, err } = await milepost(command[0], 'minutes_1', '--pipeline', 'minutes');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(
      'error: expected a run, or latest with --pipeline and --subdomain, got "minutes_1" with them\n',
    );
  });
});

test('verify of all takes no pipeline', async () => {
  expect(await milepost('verify', '--pipeline', 'minutes')).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('error: expected latest with --pipeline and --subdomain'),
  });
});

test('verify looks at that run alone', async () => {
  const hub = join(root, 'analytics', 'job_registry', 'minutes_1.json');
  await writeFile(hub, '{}');
  const ofMinutes = ['verify', 'latest', '--pipeline', 'minutes', '--json'];
  expect(await milepost(...ofMinutes)).toMatchObject({ code: 0 });
  const { code, out } = await milepost(...ofMinutes, '--subdomain', 'alameda');
  expect({ code, answer: JSON.parse(out) }).toMatchObject({
    code: 1,
    answer: { findings: [{ path: expect.stringContaining('minutes_1.json') }] },
  });
});
