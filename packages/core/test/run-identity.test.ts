import { afterEach, describe, expect, test, vi } from 'vitest';
import { type RunIdentity, currentRun, joinRun, withRun, withStage } from '@milepost/core';
import {
  type RunStore,
  type StoredRun,
  currentRunStore,
  installRunStore,
} from '@milepost/core/hooks';
import { runTraceId } from '@milepost/run-id';
import { spanTree, useDiag, useLifecycle, useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();
const lifecycle = useLifecycle();
const diag = useDiag();

afterEach(() => {
  vi.unstubAllEnvs();
});

const identityOf = (options: Parameters<typeof withRun>[0]): RunIdentity =>
  withRun(options, (run) => run);
const startFlags = (): unknown =>
  lifecycle.events.flatMap((event) => (event.type === 'run_started' ? [event.flags] : []));

/** A small store that keeps what it claimed and saw in memory. */
class MemoryStore implements RunStore {
  readonly runs = new Map<string, StoredRun>();
  readonly #claimed = new Set<string>();

  claimRunId(format: 'timestamp' | 'compact', time: Date): string {
    const iso = time.toISOString();
    const compact = `${iso.slice(2, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}`;
    const id =
      format === 'compact'
        ? compact
        : `${iso.slice(0, 10)}_${iso.slice(11, 19).replaceAll(':', '-')}`;
    if (this.#claimed.has(iso.slice(0, 19)))
      return this.claimRunId(format, new Date(time.getTime() + 1000));
    this.#claimed.add(iso.slice(0, 19));
    return id;
  }

  claimAttempt(runId: string): number {
    const attempt = (this.runs.get(runId)?.attempt ?? 0) + 1;
    this.keep({ runId, attempt });
    return attempt;
  }

  resolveRun(idOrAlias: string): StoredRun | undefined {
    if (idOrAlias === 'latest') return [...this.runs.values()].at(-1);
    return this.runs.get(idOrAlias.replace(/^alias-of-/, ''));
  }

  keep(run: Partial<StoredRun> & Pick<StoredRun, 'runId'>): void {
    this.runs.set(run.runId, {
      attempt: 1,
      pipeline: 'minutes',
      subdomain: undefined,
      clientId: undefined,
      source: undefined,
      stages: [],
      ...run,
    });
  }
}

function withStore<T>(store: RunStore, work: () => T): T {
  const uninstall = installRunStore(store);
  try {
    return work();
  } finally {
    uninstall();
  }
}

const BROKEN_STORE: RunStore = {
  claimRunId() {
    throw new Error('no disk');
  },
  claimAttempt() {
    throw new Error('no disk');
  },
  resolveRun() {
    throw new Error('no disk');
  },
};

describe('the ID of a run', () => {
  test.for([
    [{}, 'Guy-Wilson'],
    [{ client: 'Guy Wilson' }, 'Guy Wilson'],
  ] as const)(
    '%o: the client is the suffix of the run ID, unless it is named',
    ([given, clientId]) => {
      const run = identityOf({ pipeline: 'scoring', runId: '260101-213723-Guy-Wilson', ...given });
      expect(run).toMatchObject({ runId: '260101-213723-Guy-Wilson', clientId });
    },
  );

  test('is made from subdomain or pipeline where none is given', () => {
    expect(identityOf({ pipeline: 'minutes', subdomain: 'alameda' }).runId).toMatch(
      /^alameda_\d{10}_[a-z0-9]{6}$/,
    );
    expect(identityOf({ pipeline: 'my minutes' }).runId).toMatch(/^my-minutes_\d{10}_[a-z0-9]{6}$/);
  });

  test('is the one that is given, with all that is known of the run', () => {
    const options = {
      pipeline: 'minutes',
      subdomain: 'alameda',
      client: 'Guy Wilson',
      stages: ['fetch', 'ocr'],
      runId: 'alameda_1737072000_abc123',
      attempt: 4,
      source: 'upload-1',
    };
    expect(identityOf(options)).toEqual({
      runId: 'alameda_1737072000_abc123',
      traceId: runTraceId('alameda_1737072000_abc123'),
      attempt: 4,
      pipeline: 'minutes',
      subdomain: 'alameda',
      clientId: 'Guy Wilson',
      parentRunId: undefined,
      implicit: false,
      joined: false,
      stages: ['fetch', 'ocr'],
      source: 'upload-1',
      startTime: expect.any(Number),
    });
  });

  test.for([
    '../etc/passwd',
    '.hidden',
    'latest',
    'a b',
    'x'.repeat(129),
    '',
    'nul',
    'ünïcode',
    7 as never,
    {} as never,
  ])('%s is none: it is replaced and flagged, and the work runs', (runId) => {
    const given = identityOf({ pipeline: 'minutes', runId });
    expect(given.runId).toMatch(/^minutes_\d{10}_[a-z0-9]{6}$/);
    expect(startFlags()).toEqual([['run_id_replaced']]);
    expect(telemetry.sdk.log('run_started').attributes['milepost.flags']).toEqual([
      'run_id_replaced',
    ]);
    expect(telemetry.sdk.log('run_completed').attributes['milepost.flags']).toEqual([
      'run_id_replaced',
    ]);
    expect(telemetry.sdk.span('minutes').attributes['milepost.flags']).toEqual(['run_id_replaced']);
    identityOf({ pipeline: 'minutes', runId });
    expect(diag.messages).toEqual([
      expect.stringMatching(
        /^milepost: a run ID was not valid and has been replaced: expected .+; got /,
      ),
    ]);
  });

  test('a name that is none is replaced and flagged', () => {
    expect(identityOf({} as never).pipeline).toBe('unnamed');
    expect(identityOf({ pipeline: 5 } as never).pipeline).toBe('unnamed');
    expect(identityOf(undefined as never).pipeline).toBe('unnamed');
    expect(withStage('', ({ name }) => name)).toBe('unnamed');
    expect(withStage(undefined as never, ({ name }) => name)).toBe('unnamed');
    expect(startFlags()).toEqual([['name_replaced'], ['name_replaced'], ['name_replaced'], [], []]);
  });

  test('options that cannot be read do not harm the work', () => {
    const hostile = {
      get pipeline(): string {
        throw new Error('a getter that throws');
      },
    };
    expect(withRun(hostile, () => withStage('work', () => 'unharmed'))).toBe('unharmed');
  });
});

describe('MILEPOST_RUN_ID', () => {
  test('names the first run of the process, and no other', () => {
    vi.stubEnv('MILEPOST_RUN_ID', 'nightly-import');
    expect(identityOf({ pipeline: 'first' }).runId).toBe('nightly-import');
    expect(identityOf({ pipeline: 'second' }).runId).toMatch(/^second_/);
  });
});

describe('a store of runs', () => {
  test('claims IDs of the formats that name a second', () => {
    const ids = withStore(new MemoryStore(), () => [
      identityOf({ pipeline: 'a', runIdFormat: 'timestamp' }).runId,
      identityOf({ pipeline: 'a', runIdFormat: 'timestamp' }).runId,
      identityOf({ pipeline: 'a', runIdFormat: 'compact' }).runId,
    ]);
    expect(ids).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/),
      expect.stringMatching(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d$/),
      expect.stringMatching(/^\d{6}-\d{6}$/),
    ]);
    expect(new Set(ids).size).toBe(3);
    expect(startFlags()).toEqual([[], [], []]);
  });

  test('without one the default format stands in, flagged and said once', () => {
    const ids = [1, 2].map(() => identityOf({ pipeline: 'a', runIdFormat: 'compact' }).runId);
    expect(ids).toEqual([expect.stringMatching(/^a_\d{10}_/), expect.stringMatching(/^a_\d{10}_/)]);
    expect(startFlags()).toEqual([['run_id_format_replaced'], ['run_id_format_replaced']]);
    expect(diag.messages).toEqual([
      'milepost: run IDs of the format compact need a registry that claims their second; the default format is used',
    ]);
  });

  test('knows the attempt of an ID that exists', () => {
    const store = new MemoryStore();
    const attempts = withStore(store, () =>
      [1, 2, 3].map(() => identityOf({ pipeline: 'minutes', runId: 'again' }).attempt),
    );
    expect(attempts).toEqual([1, 2, 3]);
    const roots = telemetry.sdk.spans.map((span) => span.spanContext());
    expect(new Set(roots.map((root) => root.traceId)).size).toBe(1);
    expect(new Set(roots.map((root) => root.spanId)).size).toBe(3);
  });

  test('is not asked where the caller says the attempt, nor for a new ID', () => {
    withStore(BROKEN_STORE, () => {
      identityOf({ pipeline: 'minutes' });
    });
    expect(diag.messages).toEqual([]);
    const store = new MemoryStore();
    const { attempt } = withStore(store, () =>
      identityOf({ pipeline: 'minutes', runId: 'again', attempt: 7 }),
    );
    expect(attempt).toBe(7);
    expect(store.runs.size).toBe(0);
  });

  test('without one a given ID is attempt 1; what is no attempt counts as none', () => {
    expect(identityOf({ pipeline: 'minutes', runId: 'again' }).attempt).toBe(1);
    for (const attempt of [0, -1, 1.5, Number.NaN, '3' as never])
      expect(identityOf({ pipeline: 'minutes', runId: 'again', attempt }).attempt).toBe(1);
  });

  test('knows an ID by its alias: the one first made is used', () => {
    const store = new MemoryStore();
    store.keep({ runId: 'first-made' });
    const run = withStore(store, () =>
      identityOf({ pipeline: 'minutes', runId: 'alias-of-first-made' }),
    );
    expect(run).toMatchObject({ runId: 'first-made', attempt: 2 });
  });

  test('that is broken counts as not knowing, and is said', () => {
    const [given, claimed, joined] = withStore(BROKEN_STORE, () => [
      identityOf({ pipeline: 'minutes', runId: 'given' }),
      identityOf({ pipeline: 'minutes', runIdFormat: 'timestamp' }),
      joinRun('joined', (run) => run),
    ]);
    expect(given).toMatchObject({ runId: 'given', attempt: 1 });
    expect(claimed?.runId).toMatch(/^minutes_\d{10}_/);
    expect(joined).toMatchObject({ runId: 'joined', joined: true });
    expect(diag.messages).toContain('milepost: claimAttempt of the run store failed');
  });

  test('the first one wins, a second is reported and not used', () => {
    const [first, second] = [new MemoryStore(), new MemoryStore()];
    const uninstall = installRunStore(first);
    installRunStore(second)();
    expect(currentRunStore()).toBe(first);
    expect(diag.messages).toEqual([
      'milepost: a run store is installed already; the second one is not asked for run IDs',
    ]);
    uninstall();
    expect(currentRunStore()).toBeUndefined();
  });
});

describe('joinRun', () => {
  test.for([
    [undefined, {}, 'unnamed'],
    [undefined, { pipeline: 'minutes' }, 'minutes'],
    ['agenda', { pipeline: 'minutes' }, 'agenda'],
  ] as const)(
    'a store that knows the pipeline as %o, options %o: it is %s',
    ([pipeline, options, expected]) => {
      const store = new MemoryStore();
      store.keep({ runId: 'job-1', pipeline });
      const run = withStore(store, () => joinRun('job-1', options, (joined) => joined));
      expect(run).toMatchObject({ runId: 'job-1', pipeline: expected });
    },
  );

  test('adds stages to a run that the store knows, under its root, without root span or run metrics', async () => {
    const store = new MemoryStore();
    withStore(store, () => {
      withRun({ pipeline: 'minutes', subdomain: 'alameda', runId: 'job-1' }, () =>
        withStage('fetch', () => undefined),
      );
      store.keep({
        runId: 'job-1',
        subdomain: 'alameda',
        stages: ['fetch', 'ocr'],
        source: 'upload-1',
        startTime: 1000,
      });
      joinRun('alias-of-job-1', (run) => {
        expect(run).toEqual({
          runId: 'job-1',
          traceId: runTraceId('job-1'),
          attempt: 1,
          pipeline: 'minutes',
          subdomain: 'alameda',
          clientId: undefined,
          parentRunId: undefined,
          implicit: false,
          joined: true,
          stages: ['fetch', 'ocr'],
          source: 'upload-1',
          startTime: 1000,
        });
        expect(currentRun()).toBe(run);
        withStage('sync_ocr', () => undefined);
      });
    });
    expect(spanTree(telemetry.sdk.spans)).toMatchInlineSnapshot(`
      "
      minutes (run) status="completed" subdomain="alameda"
        fetch (stage) status="completed" subdomain="alameda"
        sync_ocr (stage) status="completed" subdomain="alameda"
      "
    `);
    expect(telemetry.sdk.logs.map((record) => record.body)).toEqual([
      'run_started',
      'fetch_started',
      'fetch_completed',
      'run_completed',
      'sync_ocr_started',
      'sync_ocr_completed',
    ]);
    const runs = lifecycle.events.flatMap((event) =>
      event.type === 'run_started' || event.type === 'run_ended'
        ? [`${event.type} joined=${event.run.joined}`]
        : [],
    );
    expect(runs).toEqual([
      'run_started joined=false',
      'run_ended joined=false',
      'run_started joined=true',
    ]);
    const metrics = await telemetry.sdk.metricsOf('minutes');
    expect(metrics['pipeline.run.duration']?.points).toMatchObject({
      'status=completed subdomain=alameda': 1,
    });
  });

  test('the latest run', () => {
    const store = new MemoryStore();
    store.keep({ runId: 'job-1' });
    store.keep({ runId: 'job-2', attempt: 3 });
    const run = withStore(store, () => joinRun('latest', (joined) => joined));
    expect(run).toMatchObject({ runId: 'job-2', attempt: 3, joined: true });
  });

  test('by its ID alone, where no store knows it', () => {
    const options = { pipeline: 'minutes', subdomain: 'alameda', attempt: 2 };
    const run = joinRun('job-9', options, (joined) => {
      withStage('sync_ocr', () => undefined);
      return joined;
    });
    expect(run).toMatchObject({
      ...options,
      attempt: 2,
      subdomain: 'alameda',
      runId: 'job-9',
      joined: true,
    });
    expect(telemetry.sdk.span('sync_ocr').spanContext().traceId).toBe(runTraceId('job-9'));
    expect(startFlags()).toEqual([['run_not_found']]);
    joinRun('job-8', () => undefined);
    expect(diag.messages).toEqual([
      'milepost: no registry knows the run job-9; it is joined by its ID alone',
    ]);
  });

  test('the latest without a store is a run of its own', () => {
    const run = joinRun('latest', { pipeline: 'minutes' }, (joined) => joined);
    expect(run).toMatchObject({ joined: false, pipeline: 'minutes' });
    expect(run.runId).toMatch(/^minutes_\d{10}_/);
    expect(startFlags()).toEqual([['run_not_found']]);
    expect(diag.messages).toEqual([
      'milepost: no registry knows a latest run to join; a run of its own begins',
    ]);
  });

  test.for(['a b', '', undefined as never, { toString: () => 'x' } as never])(
    'what is no run ID (%s) is a run of its own',
    (runId) => {
      const run = joinRun(runId, (joined) => joined);
      expect(run).toMatchObject({ joined: false, pipeline: 'unnamed' });
      expect(startFlags()).toEqual([['run_id_replaced']]);
    },
  );

  test('an attempt that is none counts as 1', () => {
    const run = joinRun('job-7', { attempt: 0 }, (joined) => joined);
    expect(run).toMatchObject({ runId: 'job-7', attempt: 1 });
  });

  test('gives back what its function gives, and throws what it throws', async () => {
    const error = new Error('broken');
    await expect(joinRun('job-1', async () => 5)).resolves.toBe(5);
    await expect(joinRun('job-1', () => Promise.reject(error))).rejects.toBe(error);
    expect(() =>
      joinRun('job-1', () => {
        throw error;
      }),
    ).toThrow(error);
  });
});
