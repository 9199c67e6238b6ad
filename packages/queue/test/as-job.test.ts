import { describe, expect, test } from 'vitest';
import { currentRun } from '@milepost/core';
import { asJob, carryRuns } from '@milepost/queue';
import { useDiag, useLifecycle } from '../../core/test/telemetry-harness.ts';

const JOB = { id: '1', name: 'page', queueName: 'ocr', data: 1, opts: {}, timestamp: 1 };

const said = useDiag();
const lifecycle = useLifecycle();

describe('asJob', () => {
  test('keeps the name, the number of parameters and what else a processor has', () => {
    function processor(_job: unknown, _token: unknown, _signal: unknown): number {
      return 1;
    }
    const job = asJob(Object.assign(processor, { own: 'mine' }));
    expect([job.name, job.length, job.own]).toEqual(['processor', 3, 'mine']);
  });

  test('a processor that is a job already is no job twice', () => {
    const job = asJob(() => 1);
    expect(asJob(job)).toBe(job);
  });

  test('gives what the processor gives, with the same this and arguments', () => {
    const seen: unknown[] = [];
    const self = {
      process: asJob(function (this: unknown, ...args: readonly unknown[]) {
        seen.push(this, args, currentRun()?.runId !== undefined);
        return args.length;
      }),
    };
    expect(Reflect.apply(self.process, self, [JOB, 'token', undefined])).toBe(3);
    expect(seen).toEqual([self, [JOB, 'token', undefined], true]);
  });

  test.for([
    { what: 'undefined', thrown: undefined },
    { what: 'null', thrown: null },
    { what: 'a text', thrown: 'text' },
    { what: 'an error', thrown: new Error('no') },
  ])('throws what it throws: $what', ({ thrown }) => {
    const job = asJob(() => {
      throw thrown;
    });
    const caught: unknown[] = [];
    try {
      Reflect.apply(job, undefined, [JOB]);
    } catch (error) {
      caught.push(error);
    }
    expect(caught).toHaveLength(1);
    expect(caught[0]).toBe(thrown);
  });

  test('what is no job of BullMQ is processed all the same', () => {
    const trap = {
      get id(): string {
        throw new Error('no id');
      },
    };
    const job = asJob((given: unknown) => [given, currentRun()]);
    for (const given of [undefined, null, 7, {}, trap]) {
      expect(job(given)).toEqual([given, undefined]);
    }
  });

  test.for([
    { what: 'empty', name: '', told: 'unnamed' },
    {
      what: 'a megabyte',
      name: 'x'.repeat(2 ** 20),
      told: expect.stringMatching(/^x{100,180}\P{ASCII}.{10,60}~\w{12}$/u),
    },
    {
      what: 'half a character',
      name: 'page \ud800',
      told: expect.stringMatching(/^page .*~\w{12}$/),
    },
  ])('a name that is no name stands for one, and nothing is wrong: $what', async (given) => {
    const added: unknown[] = [];
    const queue = carryRuns({
      add: async (...args: readonly unknown[]) => void added.push(args),
      addBulk: async () => undefined,
    });
    await queue.add(given.name, 1, {});
    const [[, , opts]] = added as [[unknown, unknown, object]];
    asJob((job: object) => job)({ ...JOB, name: given.name, opts, repeatJobKey: 'nightly' });
    asJob((job: object) => job)({ ...JOB, name: given.name, opts });
    const names = lifecycle.events.flatMap((event) =>
      event.type === 'job_started' ? [event.job.name] : [],
    );
    expect(names).toEqual([given.told, given.told]);
    expect(said.messages).toEqual([]);
  });

  test.for([1e300, -1e300, -1, Number.NaN, 8.64e15 + 1, '7'])(
    'a time of %s, which no clock shows, is no time',
    (timestamp) => {
      asJob((job: object) => job)({ ...JOB, timestamp, repeatJobKey: 'nightly' });
      const [started] = lifecycle.events.filter((event) => event.type === 'job_started');
      expect(started?.waitSeconds ?? 0).toBeLessThan(60);
      expect(said.messages).toEqual([]);
    },
  );
});
