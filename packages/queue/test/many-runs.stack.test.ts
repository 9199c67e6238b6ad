import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { RUN_TYPESCRIPT } from '../../../test/run-typescript.ts';
import { useRedis } from './redis-server.ts';

const redis = useRedis();
const PROGRAM = fileURLToPath(new URL('./programs/many-runs.ts', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];
// What a process remembers of the last thousand runs.
const REMEMBERED = 1000;

interface Look {
  readonly runs: number;
  readonly retained: number;
  readonly files: number;
}

test('a worker that has seen many runs go by holds no more than after some', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...RUN_TYPESCRIPT, ...conditions, PROGRAM, String(redis.port), '2000', '2'],
    { env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const looks = stdout
    .trim()
    .split('\n')
    .map((line): Look => JSON.parse(line));
  const [before, ...after] = looks.filter(({ runs }) => runs >= REMEMBERED);
  expect(after.length).toBe(5);
  expect(before?.retained).toBeGreaterThan(REMEMBERED);
  for (const { retained } of after) expect(retained).toBe(before?.retained);
});
