import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CLAIMED_RUN_ID_FORMATS,
  createClaimedRunId,
  createDirectoryClaim,
  isRunIdError,
  parseRunId,
  runIdAliases,
} from '@milepost/run-id';
import { clockRunId } from '../src/wall-clock.ts';
import { compactSeconds } from './arbitraries.ts';

const now = Date.parse('2026-01-01T21:37:23.999Z');

/** A claim within this process that also keeps the order in which IDs were asked for. */
function createMemoryClaim(taken: readonly string[] = []) {
  const claimed = new Set(taken);
  const asked: string[] = [];
  const claim = (runId: string) => {
    asked.push(runId);
    const free = !claimed.has(runId);
    claimed.add(runId);
    return free;
  };
  return { claim, asked };
}

describe('createClaimedRunId', () => {
  test.for([
    ['timestamp', '2026-01-01_21-37-23'],
    ['compact', '260101-213723'],
  ] as const)('makes a %s of the time in UTC', ([format, runId]) => {
    const { claim } = createMemoryClaim();
    expect(createClaimedRunId(format, { now, claim })).toBe(runId);
    expect(createClaimedRunId(format, { now: new Date(now), claim: () => true })).toBe(runId);
  });

  test('takes the next free second when one is taken, over the end of the year too', () => {
    const { claim, asked } = createMemoryClaim(['2025-12-31_23-59-59', '2026-01-01_00-00-00']);
    const options = { now: Date.parse('2025-12-31T23:59:59Z'), claim };
    expect(createClaimedRunId('timestamp', options)).toBe('2026-01-01_00-00-01');
    expect(asked).toEqual(['2025-12-31_23-59-59', '2026-01-01_00-00-00', '2026-01-01_00-00-01']);
  });

  test('claims the ID without its client, from which the trace ID follows', () => {
    const { claim, asked } = createMemoryClaim();
    const first = createClaimedRunId('compact', { now, claim, client: 'Guy-Wilson' });
    const second = createClaimedRunId('compact', { now, claim, client: 'Acme' });
    expect([first, second]).toEqual(['260101-213723-Guy-Wilson', '260101-213724-Acme']);
    expect(asked).toEqual(['260101-213723', '260101-213723', '260101-213724']);
  });

  test('starts at the second of now by default', () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const parsed = parseRunId(createClaimedRunId('timestamp', { claim: () => true }));
    const timeMs = parsed.format === 'timestamp' ? parsed.timeMs : Number.NaN;
    expect(timeMs).toBeGreaterThanOrEqual(before);
    expect(timeMs).toBeLessThanOrEqual(Date.now());
  });

  test('reads back as the time it was made of', () => {
    fc.assert(
      fc.property(
        compactSeconds,
        fc.constantFrom(...CLAIMED_RUN_ID_FORMATS),
        fc.nat(3),
        (seconds, format, taken) => {
          let left = taken;
          const claim = () => (left -= 1) < 0;
          const last = Date.UTC(2099, 11, 31) / 1000;
          fc.pre(seconds < last);
          const runId = createClaimedRunId(format, { now: seconds * 1000, claim });
          expect(parseRunId(runId)).toMatchObject({ format, timeMs: (seconds + taken) * 1000 });
        },
      ),
    );
  });

  test('gives up after as many seconds as are allowed, an hour of them by default', () => {
    let calls = 0;
    const claim = () => {
      calls += 1;
      return false;
    };
    expect(() => createClaimedRunId('compact', { now, claim, maxAttempts: 3 })).toThrow(
      expect.objectContaining({
        code: 'RUN_ID_UNCLAIMED',
        message: 'No free run ID: expected a free second in 3 from 260101-213723 on, got none',
      }),
    );
    expect(calls).toBe(3);
    expect(() => createClaimedRunId('timestamp', { now, claim })).toThrow('in 3600 from');
    expect(calls).toBe(3603);
  });

  test.for([
    [{ client: 'Guy Wilson' }, 'Invalid client: expected a short name'],
    [{ format: 'timestamp', client: 'Guy' }, 'No client suffix possible'],
    [
      { format: 'subdomain' },
      'Invalid format: expected one of timestamp, compact, got "subdomain"',
    ],
    [
      { now: Date.UTC(2100, 0) },
      'expected a year that the format compact can say, got 2100-01-01T',
    ],
    [{ now: Number.NaN }, 'Invalid time: expected a Date or milliseconds'],
  ] as const)('refuses %o before anything is claimed', ([wrong, message]) => {
    const { claim, asked } = createMemoryClaim();
    const { format, ...options } = { format: 'compact', now, claim, ...wrong };
    expect(() => createClaimedRunId(format as 'compact', options)).toThrow(message);
    expect(asked).toEqual([]);
  });

  test('refuses an asynchronous claim, and lets the error of a claim out unchanged', () => {
    const asynchronous = (async () => true) as unknown as () => boolean;
    expect(() => createClaimedRunId('compact', { now, claim: asynchronous })).toThrow(
      'Invalid claim: expected true or false at once, got an object',
    );
    const broken = new Error('disk');
    const claim = () => {
      throw broken;
    };
    expect(() => createClaimedRunId('compact', { now, claim })).toThrow(broken);
  });
});

describe('createDirectoryClaim', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'run-id-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('makes its directory at the first claim, also when it has gone since', () => {
    const claims = join(directory, 'a', 'claims');
    const claim = createDirectoryClaim(claims);
    expect(existsSync(claims)).toBe(false);
    expect([claim('x'), claim('x'), createDirectoryClaim(claims)('x')]).toEqual([
      true,
      false,
      false,
    ]);
    rmSync(claims, { recursive: true });
    expect(claim('x')).toBe(true);
  });

  test('gives the two names of one second to one run', () => {
    const claim = createDirectoryClaim(directory);
    const timestamp = createClaimedRunId('timestamp', { now, claim });
    const compact = createClaimedRunId('compact', { now, claim });
    expect([timestamp, compact]).toEqual(['2026-01-01_21-37-23', '260101-213724']);
    expect(runIdAliases(timestamp)).not.toContain(compact);
    expect(claim('260101-213723-Guy-Wilson')).toBe(true);
    expect(readdirSync(directory).toSorted()).toEqual([
      '2026-01-01_21-37-23',
      '2026-01-01_21-37-24',
      '260101-213723-Guy-Wilson',
    ]);
  });

  test.for(['../outside', 'latest', ''])('refuses %j and writes nothing', (runId) => {
    const claim = createDirectoryClaim(join(directory, 'claims'));
    expect(() => claim(runId)).toThrow(expect.objectContaining({ name: 'RunIdError' }));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('says so when it cannot create the file, with the reason', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const claim = createDirectoryClaim(file);
    let error: unknown;
    try {
      claim('x');
    } catch (thrown) {
      error = thrown;
    }
    expect(isRunIdError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'RUN_ID_CLAIM_FAILED',
      message: `Could not claim the run ID: expected to create ${JSON.stringify(join(file, 'x'))}, got ENOTDIR`,
      cause: { code: 'ENOTDIR' },
    });
  });

  test('64 processes that create a timestamp in one second get 64 different ones', async () => {
    const claims = join(directory, 'claims');
    const processes = Array.from({ length: 64 }, () => startClaimProcess(claims));
    await Promise.all(processes.map(({ ready }) => ready));
    const runIds = await Promise.all(processes.map(({ claim }) => claim()));

    const seconds = Array.from({ length: 64 }, (_, second) =>
      clockRunId('timestamp', now + second * 1000),
    );
    expect(runIds.toSorted()).toEqual(seconds);
    expect(readdirSync(claims).toSorted()).toEqual(seconds);
  }, 120_000);
});

const claimProcess = `
  import { once } from 'node:events';
  import { createClaimedRunId, createDirectoryClaim } from '@milepost/run-id';
  const [directory, now] = process.argv.slice(1);
  process.stdout.write('ready\\n');
  await once(process.stdin, 'data');
  const claim = createDirectoryClaim(directory);
  process.stdout.write(createClaimedRunId('timestamp', { now: Number(now), claim }) + '\\n');
  process.stdin.destroy();
`;

/** Starts a process that waits until it is told to claim an ID of the second of `now`. */
function startClaimProcess(directory: string) {
  const conditions =
    process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];
  const child = spawn(
    process.execPath,
    [...conditions, '--input-type=module', '--eval', claimProcess, directory, String(now)],
    { cwd: fileURLToPath(new URL('..', import.meta.url)) },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const errors = text(child.stderr);
  const nextLine = async () => {
    const line = await lines.next();
    if (line.done === true) {
      throw new Error(`The process ended without an answer: ${await errors}`);
    }
    return line.value;
  };
  return {
    ready: nextLine(),
    claim: () => {
      child.stdin.end('go\n');
      return nextLine();
    },
  };
}
