import { afterEach, describe, expect, test, vi } from 'vitest';
import { eachItem, withItem, withRun, withStage } from '@milepost/core';
import { METRICS } from '@milepost/semconv';
import { useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();

afterEach(() => {
  vi.useRealTimers();
});

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const fails = (error: Error) => (): never => {
  throw error;
};

/** Points of one metric of a pipeline. */
async function points(pipeline: string, metric: string): Promise<Record<string, number>> {
  return { ...(await telemetry.sdk.metricsOf(pipeline))[metric]?.points };
}

describe('the whole picture', () => {
  test('after a run of a few stages', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-01-16T00:00:00Z'), toFake: ['Date', 'performance'] });
    await withRun({ pipeline: 'picture', subdomain: 'alameda' }, async () => {
      withStage('fetch', { expectedIntervalSeconds: 86_400 }, (stage) => {
        stage.count('total_pdfs', 40);
        stage.count('total_pdfs', 7);
        vi.advanceTimersByTime(2000);
      });
      await withStage('ocr', () =>
        eachItem(['a', 'b'], {}, (id) => {
          vi.advanceTimersByTime(10_000);
          if (id === 'b') throw coded('ENOENT');
        }),
      );
      expect(() => withStage('deploy', fails(coded('ECONNREFUSED')))).toThrow('ECONNREFUSED');
    });
    const start = Date.parse('2026-01-16T00:00:00Z') / 1000;
    const of = (stage: string): string => `stage=${stage} subdomain=alameda`;
    const zeros = (stage: string, ...statuses: string[]): Record<string, number> =>
      Object.fromEntries(
        statuses.map((status) => [`stage=${stage} status=${status} subdomain=alameda`, 0]),
      );
    const runs = ['completed', 'partial', 'failed', 'cancelled', 'skipped'];
    const items = ['completed', 'failed', 'cancelled', 'skipped'];
    expect(await telemetry.sdk.metricsOf('picture')).toEqual({
      'pipeline.runs': {
        unit: '{run}',
        points: {
          'status=completed subdomain=alameda': 0,
          'status=partial subdomain=alameda': 1,
          'status=failed subdomain=alameda': 0,
          'status=cancelled subdomain=alameda': 0,
        },
      },
      'pipeline.run.duration': { unit: 's', points: { 'status=partial subdomain=alameda': 1 } },
      'pipeline.stage.runs': {
        unit: '{run}',
        points: {
          ...zeros('fetch', ...runs),
          ...zeros('ocr', ...runs),
          ...zeros('deploy', ...runs),
          'stage=fetch status=completed subdomain=alameda': 1,
          'stage=ocr status=partial subdomain=alameda': 1,
          'stage=deploy status=failed subdomain=alameda': 1,
        },
      },
      'pipeline.stage.duration': {
        unit: 's',
        points: {
          'stage=fetch status=completed subdomain=alameda': 1,
          'stage=ocr status=partial subdomain=alameda': 1,
          'stage=deploy status=failed subdomain=alameda': 1,
        },
      },
      'pipeline.stage.items': {
        unit: '{item}',
        points: {
          ...zeros('fetch', ...items),
          ...zeros('ocr', ...items),
          ...zeros('deploy', ...items),
          'stage=ocr status=completed subdomain=alameda': 1,
          'stage=ocr status=failed subdomain=alameda': 1,
        },
      },
      'pipeline.stage.errors': {
        unit: '{error}',
        points: {
          'error.category=network error.type=ECONNREFUSED stage=deploy subdomain=alameda': 1,
        },
      },
      'pipeline.stage.volume': {
        unit: '',
        points: { 'name=total_pdfs stage=fetch subdomain=alameda': 47 },
      },
      'pipeline.stage.active': {
        unit: '{stage}',
        points: { [of('fetch')]: 0, [of('ocr')]: 0, [of('deploy')]: 0 },
      },
      'pipeline.stage.last_start.timestamp': {
        unit: 's',
        points: { [of('fetch')]: start, [of('ocr')]: start + 2, [of('deploy')]: start + 22 },
      },
      'pipeline.stage.last_success.timestamp': {
        unit: 's',
        points: { [of('fetch')]: start + 2, [of('ocr')]: start + 22 },
      },
      'pipeline.stage.last_failure.timestamp': {
        unit: 's',
        points: { [of('deploy')]: start + 22 },
      },
      'pipeline.stage.expected_interval': { unit: 's', points: { [of('fetch')]: 86_400 } },
    });
  });

  test.for([NaN, Infinity, 0, -5])('an expected interval of %d s is none', async (seconds) => {
    withRun({ pipeline: `every ${seconds}` }, () =>
      withStage('work', { expectedIntervalSeconds: seconds }, () => undefined),
    );
    expect(await points(`every ${seconds}`, 'pipeline.stage.expected_interval')).toEqual({});
  });

  test('names, units, kinds, buckets and attributes are those of the definitions', async () => {
    await withRun({ pipeline: 'defined', subdomain: 'alameda' }, async () => {
      withStage('work', { expectedIntervalSeconds: 60 }, (stage) => stage.count('pages'));
      expect(() => withStage('work', fails(coded('ENOENT')))).toThrow('ENOENT');
    });
    const exported = await telemetry.sdk.exportedMetrics();
    const defined = METRICS.filter(({ name }) => /^pipeline\.(stage|run)/.test(name));
    expect(exported.map(({ descriptor }) => descriptor.name).toSorted()).toEqual(
      defined.map(({ name }) => name).toSorted(),
    );
    for (const { descriptor, dataPoints } of exported) {
      const definition = defined.find(({ name }) => name === descriptor.name);
      expect(descriptor.unit).toBe(definition?.unit);
      expect(descriptor.description).toBe(definition?.description);
      for (const { attributes, value } of dataPoints) {
        expect(definition?.attributes).toEqual(expect.arrayContaining(Object.keys(attributes)));
        if (typeof value === 'object' && 'buckets' in value && 'boundaries' in value.buckets)
          expect(value.buckets.boundaries).toEqual(definition?.buckets);
      }
    }
  });

  test('no metric carries a run ID', async () => {
    withRun({ pipeline: 'no run ID', runId: 'marker-run-id' }, () =>
      withStage('work', () => withItem('marker-item', () => undefined)),
    );
    expect(JSON.stringify(await telemetry.sdk.exportedMetrics())).not.toContain('marker-');
  });
});

describe('counts', () => {
  test('are there at 0 while the stage runs, and it is active', async () => {
    let seen: unknown;
    await withRun({ pipeline: 'zeros' }, () =>
      withStage('work', async () => {
        seen = {
          runs: await points('zeros', 'pipeline.stage.runs'),
          active: await points('zeros', 'pipeline.stage.active'),
          all: await points('zeros', 'pipeline.runs'),
        };
      }),
    );
    expect(seen).toEqual({
      runs: {
        'stage=work status=completed': 0,
        'stage=work status=partial': 0,
        'stage=work status=failed': 0,
        'stage=work status=cancelled': 0,
        'stage=work status=skipped': 0,
      },
      active: { 'stage=work': 1 },
      all: {
        'status=completed': 0,
        'status=partial': 0,
        'status=failed': 0,
        'status=cancelled': 0,
      },
    });
    expect(await points('zeros', 'pipeline.stage.active')).toEqual({ 'stage=work': 0 });
  });

  test('of a run are there at 0 before its first stage', async () => {
    let seen: unknown;
    await withRun({ pipeline: 'zero runs' }, async () => {
      seen = await points('zero runs', 'pipeline.runs');
    });
    expect(seen).toEqual({
      'status=completed': 0,
      'status=partial': 0,
      'status=failed': 0,
      'status=cancelled': 0,
    });
  });

  test('active is the number of stages running now, in parallel too', async () => {
    let finish = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const all = withRun({ pipeline: 'active' }, () =>
      Promise.all([1, 2, 3].map(() => withStage('work', () => gate))),
    );
    expect(await points('active', 'pipeline.stage.active')).toEqual({ 'stage=work': 3 });
    finish();
    await all;
    expect(await points('active', 'pipeline.stage.active')).toEqual({ 'stage=work': 0 });
  });

  test('a failure that is to be retried counts as an error with a duration, not as an outcome', async () => {
    const error = coded('ETIMEDOUT');
    withRun({ pipeline: 'retries' }, () => {
      expect(() => withStage('work', { willRetry: true }, fails(error))).toThrow(error);
      const retry = (seen: unknown): boolean => seen === error;
      expect(() => withStage('work', { attempt: 2, willRetry: retry }, fails(error))).toThrow(
        error,
      );
      withStage('work', { attempt: 3 }, () => undefined);
    });
    const metrics = await telemetry.sdk.metricsOf('retries');
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=work status=completed': 1,
      'stage=work status=failed': 0,
    });
    expect(metrics['pipeline.stage.errors']?.points).toEqual({
      'error.category=timeout error.type=ETIMEDOUT stage=work': 2,
    });
    expect(metrics['pipeline.stage.duration']?.points).toEqual({
      'stage=work status=completed': 1,
      'stage=work status=failed': 2,
    });
    expect(Object.keys(metrics)).not.toContain('pipeline.stage.last_failure.timestamp');
    expect(metrics['pipeline.runs']?.points).toMatchObject({ 'status=completed': 1 });
  });

  test('of volume only grow: a counter that falls reads as a restart', async () => {
    withRun({ pipeline: 'volume' }, () =>
      withStage('work', (stage) => {
        stage.count('pages', 5);
        stage.count('pages', -3);
        stage.count('cache_hits', 0);
      }),
    );
    expect(await points('volume', 'pipeline.stage.volume')).toEqual({
      'name=pages stage=work': 5,
      'name=cache_hits stage=work': 0,
    });
    expect(telemetry.sdk.log('work_completed').attributes['pages']).toBe(2);
  });

  test('cancelled and skipped stages are counted as such, and are no success', async () => {
    withRun({ pipeline: 'others' }, () => {
      withStage('skipped', (stage) => stage.skip());
      for (const _ of withStage('left', () => [1].values())) break;
    });
    const metrics = await telemetry.sdk.metricsOf('others');
    expect(metrics['pipeline.stage.runs']?.points).toMatchObject({
      'stage=skipped status=skipped': 1,
      'stage=left status=cancelled': 1,
    });
    expect(Object.keys(metrics)).not.toContain('pipeline.stage.last_success.timestamp');
    expect(Object.keys(metrics)).not.toContain('pipeline.stage.errors');
  });

  test('names without end end in one series', async () => {
    withRun({ pipeline: 'endless' }, () => {
      for (let i = 0; i < 150; i += 1) {
        withStage('work', (stage) => stage.count(`name_${i}`));
        expect(() =>
          withStage('work', fails(Object.assign(new Error('x'), { name: `Error${i}` }))),
        ).toThrow('x');
      }
    });
    const metrics = await telemetry.sdk.metricsOf('endless');
    const volume = metrics['pipeline.stage.volume']?.points ?? {};
    const errors = metrics['pipeline.stage.errors']?.points ?? {};
    expect(Object.keys(volume)).toHaveLength(101);
    expect(volume['name=_OTHER stage=work']).toBe(50);
    expect(Object.keys(errors)).toHaveLength(101);
    expect(errors['error.category=_OTHER error.type=_OTHER stage=work']).toBe(50);
  });
});
