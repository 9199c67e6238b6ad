import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { compileDocument } from '../src/pipeline/compile-document.ts';
import { extractFields, type ExtractionType } from '../src/pipeline/extract-fields.ts';
import { countEntities, findEntities } from '../src/pipeline/find-entities.ts';
import { findVotes } from '../src/pipeline/find-votes.ts';
import { ocrDocument } from '../src/pipeline/ocr-document.ts';
import { fetchedSample } from './fetched-sample.ts';
import { readDocument } from './read-document.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Real work, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 });

const noEngine = {
  recognize: () => Promise.reject(new Error('no OCR')),
  close: () => Promise.resolve(),
};

async function compiled(...input: Parameters<typeof readDocument>) {
  const cacheDirectory = path.join(await temporaryDirectory(), 'cache');
  return compileDocument(readDocument(...input), { cacheDirectory });
}

test('the fields of a real paper', async () => {
  const pdf = await fetchedSample('04-valid');
  const read = await ocrDocument(pdf, noEngine, { pages: 0 });
  const fields = extractFields(
    await compileDocument(read, { cacheDirectory: await temporaryDirectory() }),
  );
  expect(fields).toMatchInlineSnapshot(`
    {
      "entities": {
        "dois": [
          "10.3906/sag-0902-21",
        ],
        "emails": [
          "medsci@tubitak.gov.tr",
          "osaygin@mu.edu.tr",
        ],
        "urls": [],
        "years": [
          1982,
          1992,
          1993,
          1995,
          1996,
          1997,
          1999,
          2000,
          2003,
          2004,
          2006,
          2007,
          2009,
        ],
      },
      "id": "04-valid",
      "name": "04-valid.pdf",
      "pageCount": 5,
      "sha256": "d106f5ebb2daa6ec1f29d1a36fdfefb20fe01fe998591ab6eb10a8c068283ef3",
      "title": "Acute effect of speed exercise on nitric oxide (NO) level of footballers",
      "titleSource": "headline",
      "votes": [],
      "wordCount": 3031,
    }
  `);
});

describe('the title', () => {
  test.for([
    { has: { headline: 'A', metadataTitle: 'B' }, title: 'A', titleSource: 'headline' },
    { has: { metadataTitle: 'B' }, title: 'B', titleSource: 'metadata' },
    { has: {}, title: 'First line', titleSource: 'first_line' },
    { has: { headline: 'x'.repeat(400) }, title: 'x'.repeat(300), titleSource: 'headline' },
  ])('is $title, the $titleSource', async ({ has, title, titleSource }) => {
    const fields = extractFields(await compiled([{ text: '\nFirst line\nSecond' }], has));
    expect(fields).toMatchObject({ title, titleSource });
  });

  test('is missing where there is no text', async () => {
    expect(extractFields(await compiled([{ text: '' }]))).toMatchObject({
      title: null,
      titleSource: null,
    });
  });
});

describe('entities', () => {
  test.for([
    ['In 1998, 2009 and (2009).', { years: [1998, 2009] }],
    [
      'pages 1920-1925, 21998, 2009.5, 12/2009, doi 10.1000/2009',
      { years: [1920], dois: ['10.1000/2009'] },
    ],
    [
      'Write to clerk@ci.alameda.ca.us, or a.b+c@example.org.',
      { emails: ['a.b+c@example.org', 'clerk@ci.alameda.ca.us'] },
    ],
    ['nobody@nowhere, @handle, {a,b}@example.org, .a@example.org', {}],
    [
      'See https://example.org/a?b=1, (http://example.org/c).',
      { urls: ['http://example.org/c', 'https://example.org/a?b=1'] },
    ],
    ['https:// and ftp://example.org', {}],
    ['doi:10.3906/sag-0902-21.', { dois: ['10.3906/sag-0902-21'] }],
  ] as const)('%j', ([text, expected]) => {
    expect(findEntities(text)).toEqual({ years: [], emails: [], urls: [], dois: [], ...expected });
  });

  test('are counted over all kinds', () => {
    const text =
      'In 1998 clerk@example.org wrote on https://example.org/ of doi:10.1000/182 in 1999.';
    expect(countEntities(findEntities(text))).toBe(5);
  });

  test('are left out on request', async () => {
    const document = await compiled([{ text: 'In 1998. Motion carried 5-0.' }]);
    const onType = vi.fn<(type: ExtractionType) => void>();
    const { entities, votes } = extractFields(document, { extractEntities: false, onType });
    expect(entities).toEqual({ years: [], emails: [], urls: [], dois: [] });
    expect(votes).toHaveLength(1);
    expect(onType.mock.calls).toEqual([['votes']]);
  });
});

describe('votes', () => {
  test.for([
    ['The motion carried 5-0.', { outcome: 'carried', ayes: 5, noes: 0, text: 'carried 5-0' }],
    [
      'was approved by a vote of 4 to 1',
      { outcome: 'carried', ayes: 4, noes: 1, text: 'approved by a vote of 4 to 1' },
    ],
    ['Motion failed (2–3).', { outcome: 'failed', ayes: 2, noes: 3, text: 'failed (2–3' }],
    ['AYES: 3; NOES: 4', { outcome: 'failed', ayes: 3, noes: 4, text: 'AYES: 3; NOES: 4' }],
    ['Ayes 6, Nays 1', { outcome: 'carried', ayes: 6, noes: 1, text: 'Ayes 6, Nays 1' }],
    [
      'was adopted\nunanimously',
      { outcome: 'carried', ayes: null, noes: null, text: 'adopted unanimously' },
    ],
  ] as const)('%j', ([text, vote]) => {
    expect(findVotes(text)).toEqual([vote]);
  });

  test.for([
    'adopted 2009-2010',
    'passed 4-1-2020',
    'It failed. 5-0',
    'approved minutes of 12 to 14 May',
  ])('%j is none', (text) => {
    expect(findVotes(text)).toEqual([]);
  });

  test('stand in the order of the text', () => {
    const text = 'Passed unanimously. Ayes: 4, Noes: 1. The second motion failed 2-3.';
    expect(findVotes(text).map((vote) => vote.outcome)).toEqual(['carried', 'carried', 'failed']);
    expect(findVotes(text).map((vote) => vote.ayes)).toEqual([null, 4, 2]);
  });
});
