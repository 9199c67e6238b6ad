import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type JobEnvelope,
  type RunEnvelope,
  beginStage,
  createJob,
  currentRun,
  withJob,
  withRun,
} from '@milepost/core';
import { readJobEnvelope } from '../src/read-envelope.ts';

// Of the texts of many envelopes the common part is read once. Nobody may notice, but by the time it takes.

const RUN = '{"id":"parts-1","attempt":1,"pipeline":"minutes","started_at":1000}';
const OTHER = '{"id":"parts-2","attempt":1,"pipeline":"minutes","started_at":1000}';
const STAGE = '{"name":"ocr","occurrence":1,"attempt":1}';
const MEMBERS = [
  '"version":1',
  '"version":2',
  '"name":"page"',
  String.raw`"name":"a,\"run\":{b"`,
  '"enqueued_at":5',
  '"parent_job_id":"7"',
  '"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"',
  `"run":${RUN}`,
  `"run":${OTHER}`,
  '"run":{}',
  '"run":null',
  `"stage":${STAGE}`,
  '"stage":5',
  '"job":{"id":"1","queue":"q","name":"n","attempt":1}',
  `"further":{"x":1,"run":${OTHER}}`,
  `"further":[1,{"x":1,"run":${OTHER}}]`,
  '"begin":{"pipeline":"nightly"}',
  `"__proto__":{"run":${OTHER}}`,
];

/** What is read of a text, or why nothing is. */
function outcome(read: () => unknown): unknown {
  try {
    return { read: read() };
  } catch (error) {
    return { refused: error instanceof TypeError ? error.message : 'no JSON' };
  }
}

const texts = fc
  .record({
    members: fc.array(fc.constantFrom(...MEMBERS), { maxLength: 7 }),
    common: fc.constantFrom('', `,"run":${RUN}}`, `,"run":${RUN},"stage":${STAGE}}`),
    end: fc.constantFrom('}', '', '}}', ' } ', ',}'),
    begin: fc.constantFrom('{', '[{', ' {', '{,'),
  })
  .map(({ members, common, end, begin }) => `${begin}${members.join(',')}${common || end}`);

test('a text is read as the data that it is the JSON of', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(outcome(() => readJobEnvelope(text))).toEqual(
        outcome(() => readJobEnvelope(JSON.parse(text))),
      );
    }),
    { numRuns: 3000 },
  );
});

test('a text that createJob made is read again for what is its own alone', () => {
  const [first, second] = withRun({ pipeline: 'minutes' }, () =>
    ['1', '2'].map((parentJobId) =>
      readJobEnvelope(
        JSON.stringify(createJob({ name: `page-${parentJobId}`, stage: 'ocr', parentJobId })),
      ),
    ),
  );
  expect([first?.name, first?.parentJobId]).toEqual(['page-1', '1']);
  expect([second?.name, second?.parentJobId]).toEqual(['page-2', '2']);
  expect(second?.joined?.identity).toBe(first?.joined?.identity);
  expect(second?.stage).toBe(first?.stage);
});

describe('what jobs share', () => {
  const text = (id: string): string =>
    JSON.stringify({
      version: 1,
      name: 'page',
      run: {
        id,
        attempt: 1,
        pipeline: 'minutes',
        started_at: 1000,
        stages: ['ocr'],
        attributes: { tags: ['a'] },
      },
    });
  const at = { queue: 'ocr', jobId: '1' };

  test('cannot be changed by any of them', () => {
    const run = withJob(text('shared-1'), at, () => currentRun());
    expect([run, run?.stages].map((one) => [typeof one, Object.isFrozen(one)])).toEqual([
      ['object', true],
      ['object', true],
    ]);
  });

  test.for([
    ['a job in it', () => createJob({ name: 'next' })],
    ['a stage in it', () => beginStage('ocr')],
    ['a job of its envelope', (given: RunEnvelope) => createJob({ name: 'next', run: given })],
    ['a stage of its envelope', (given: RunEnvelope) => beginStage('ocr', { run: given })],
  ] as const)('is handed on as data of its own: %s', ([, make]) => {
    const given: RunEnvelope = JSON.parse(text('handed-on-1'));
    const made = (): RunEnvelope | JobEnvelope =>
      withJob(JSON.stringify(given), at, () => make(given));
    const { run } = made();
    expect(run).toEqual(given.run);
    // As a user may who does not mind types.
    Object.assign(run ?? {}, { item_spans: 'all' });
    Object.assign(run?.stages ?? [], { 0: 'changed' });
    Object.assign(run?.attributes ?? {}, { tags: 'changed' });
    expect(run).toMatchObject({
      item_spans: 'all',
      stages: ['changed'],
      attributes: { tags: 'changed' },
    });
    expect(made().run).toEqual(JSON.parse(text('handed-on-1')).run);
  });

  test('is of their own run, however many runs there are', () => {
    const ids = Array.from({ length: 500 }, (_, index) => `shared-of-${index % 250}`);
    const seen = ids.map((id) =>
      withJob(text(id), at, (job) => [job.run.runId, currentRun()?.runId]),
    );
    expect(seen).toEqual(ids.map((id) => [id, id]));
  });
});
