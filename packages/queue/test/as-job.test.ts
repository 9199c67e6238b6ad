import { describe, expect, test } from 'vitest';
import { currentRun } from '@milepost/core';
import { asJob } from '@milepost/queue';

const JOB = { id: '1', name: 'page', queueName: 'ocr', data: 1, opts: {}, timestamp: 1 };

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
});
