import { readdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { newDirectory, runCivic } from './run-civic.ts';

test.for([
  {
    argv: [],
    exitCode: 1,
    says: /^This needs a Redis: install redis-server, or `docker compose up -d redis` and set REDIS_URL=redis:\/\/127\.0\.0\.1:6379\.\n$/,
  },
  {
    argv: [],
    env: { REDIS_URL: 'redis://127.0.0.1:1' },
    exitCode: 1,
    says: /^No Redis answers at REDIS_URL: Error: connect ECONNREFUSED 127\.0\.0\.1:1\n$/,
  },
  { argv: ['--run-id', 'no/id'], exitCode: 2, says: /--run-id <id>.*Invalid run ID: expected/ },
  { argv: ['--workers', '0'], exitCode: 2, says: /Expected a whole number from 1 to 64/ },
  { argv: ['--workers', '1', '--kill-one'], exitCode: 2, says: /needs another worker/ },
  { argv: ['--site', 'ftp://x'], exitCode: 2, says: /Expected a URL that begins with http/ },
  { argv: ['--nope'], exitCode: 2, says: /unknown option '--nope'/ },
])('what cannot be done is said, and leaves nothing behind: $argv $env', async (given) => {
  const { argv, env = {}, exitCode, says } = given;
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const cwd = directory.path;
  const ended = await runCivic(argv, { cwd, env: { PATH: '', ...env } });
  expect(ended).toMatchObject({ exitCode, stdout: '' });
  expect(ended.stderr).toMatch(says);
  expect(await readdir(cwd)).toEqual([]);
});

test('the help is no error', async () => {
  const directory = await newDirectory();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const ended = await runCivic(['--help'], { cwd: directory.path });
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(ended.stdout).toMatch(/^Usage: npm run civic --/);
});
