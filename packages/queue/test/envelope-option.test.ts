import { describe, expect, test } from 'vitest';
import { createJob, withRun } from '@milepost/core';
import { carryRuns, jobOptions } from '@milepost/queue';
import { jobEnvelopeSchema, jobTemplateSchema } from '@milepost/semconv/schemas';

/** A queue that keeps what it is given. */
class Producer {
  readonly given: unknown[][] = [];

  async add(...args: unknown[]): Promise<number> {
    this.given.push(args);
    return this.given.length;
  }
  async addBulk(...args: unknown[]): Promise<unknown> {
    this.given.push(args);
    return args;
  }
}

function carried(options: unknown): unknown {
  return JSON.parse(String(Reflect.get(Object(options), 'milepost')));
}

describe('what a job carries', () => {
  test('is an envelope inside a run, a template outside', async () => {
    const producer = carryRuns(new Producer());
    await producer.add('page', { a: 1 });
    await withRun({ pipeline: 'p' }, () => producer.add('page', { a: 1 }, { attempts: 2 }));
    const [[, , outside] = [], [, , inside] = []] = producer.given;
    expect(jobTemplateSchema.parse(carried(outside))).toMatchObject({ version: 1, name: 'page' });
    expect(jobEnvelopeSchema.parse(carried(inside))).toMatchObject({
      run: { pipeline: 'p' },
      name: 'page',
    });
    expect(inside).toMatchObject({ attempts: 2 });
    expect(producer.given.map(([name, data]) => [name, data])).toEqual([
      ['page', { a: 1 }],
      ['page', { a: 1 }],
    ]);
  });

  test('leaves what it was given as it was', async () => {
    const producer = carryRuns(new Producer());
    const options = Object.freeze({ attempts: 2 });
    const child = Object.freeze({ name: 'child', queueName: 'c' });
    const flow = Object.freeze({ name: 'top', queueName: 't', children: Object.freeze([child]) });
    await producer.add('page', 1, options);
    await producer.addBulk([flow]);
    expect(options).toEqual({ attempts: 2 });
    expect(flow).toEqual({ name: 'top', queueName: 't', children: [child] });
    expect(producer.given[1]).toEqual([
      [
        {
          ...flow,
          opts: { milepost: expect.any(String) },
          children: [{ ...child, opts: { milepost: expect.any(String) } }],
        },
      ],
    ]);
  });

  test('is the first that it was given', async () => {
    const producer = carryRuns(carryRuns(new Producer()));
    const job = createJob({ name: 'mine' });
    await withRun({ pipeline: 'p' }, () => producer.add('page', 1, jobOptions(job)));
    const [[, , options] = []] = producer.given;
    expect(carried(options)).toEqual(job);
    expect(jobOptions(createJob({ name: 'other' }), jobOptions(job, { attempts: 1 }))).toEqual({
      attempts: 1,
      milepost: JSON.stringify(job),
    });
  });

  test('what cannot be read is passed on', async () => {
    const producer = carryRuns(new Producer());
    class Sealed {
      readonly #name = 'sealed';
      get name(): string {
        return this.#name;
      }
    }
    const trap = {
      get name(): string {
        throw new Error('no name');
      },
    };
    const sealed = new Sealed();
    const given = [[7], [null], [[sealed, 'x', null]], [trap], []];
    for (const args of given) {
      expect(await producer.addBulk(...args)).toEqual(args);
    }
    expect(producer.given.map((args) => args.flat()[0])).toEqual([
      7,
      null,
      sealed,
      trap,
      undefined,
    ]);
  });

  test('an error of the producer is its own', async () => {
    const error = new Error('no Redis');
    const refusing = {
      add: () => Promise.reject(error),
      addBulk: () => {
        throw error;
      },
    };
    const producer = carryRuns(refusing);
    expect(producer).toBe(refusing);
    await expect(producer.add()).rejects.toBe(error);
    expect(() => producer.addBulk()).toThrow(error);
  });
});
