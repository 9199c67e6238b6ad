import { expect, test } from 'vitest';
import { type ItemSighting } from '@milepost/registry';
import { type ItemView, renderItem } from '../src/render-item.ts';
import { madeUpError, START } from './made-up-run.ts';
import { coloured, plain, visible } from './painted.ts';

function sighting(parts: Partial<ItemSighting>): ItemSighting {
  return {
    itemId: '03-invalid.pdf',
    runId: 'alameda_1768599600_abc123',
    pipeline: 'minutes',
    runStartTime: START,
    stage: 'fetch',
    executionId: '00000000000000aa',
    runAttempt: 1,
    occurrence: 1,
    attempt: 1,
    time: START + 310,
    status: 'completed',
    durationSeconds: 0.012,
    error: undefined,
    outputs: [],
    ...parts,
  };
}

const view: ItemView = {
  itemId: '03-invalid.pdf',
  uploads: [{ job_id: '2026-01-01_20-48-14', step: 'source (upload)', status: 'completed' }],
  sightings: [
    sighting({}),
    sighting({
      stage: 'ocr',
      status: 'failed',
      time: START + 5000,
      error: madeUpError('InvalidPDFException', 'Invalid PDF structure.'),
    }),
    sighting({
      runId: 'alameda_1768686000_def456',
      stage: 'ocr',
      occurrence: 2,
      attempt: 3,
      runAttempt: 2,
      time: START + 86_400_000,
      durationSeconds: undefined,
      outputs: [
        { path: 'analytics/ocr/03-invalid.pdf/alameda_1768686000_def456/page-1.txt', size: 12_345 },
        { path: '/elsewhere/gone.txt', missing: true },
        ...Array.from({ length: 5 }, (_, i) => ({ path: `more/${i}.txt`, size: i })),
      ],
    }),
  ],
};

test('an item in 80 columns', () => {
  expect(renderItem(view, { paint: plain, width: 80 }).join('\n')).toMatchInlineSnapshot(`
    "03-invalid.pdf · 3 executions in 2 runs

      run                        stage         status      took  when (UTC)
      2026-01-01_20-48-14        upload        completed
      alameda_1768599600_abc123  fetch         completed  12 ms  2026-01-16 21:40:00
      alameda_1768599600_abc123  ocr           failed     12 ms  2026-01-16 21:40:05
          InvalidPDFException: Invalid PDF structure.
      alameda_1768686000_def456  ocr #2 try …  completed      -  2026-01-17 21:40:00
          → 12.3 kB
          analytics/ocr/03-invalid.pdf/alameda_1768686000_def456/page-1.txt
          → missing  /elsewhere/gone.txt
          →     0 B  more/0.txt
          →     1 B  more/1.txt
          →     2 B  more/2.txt
          → … and 2 more: see --json"
  `);
});

test('an item in colour', () => {
  const lines = renderItem(view, { paint: coloured, width: 120 });
  expect(visible(lines.join('\n'))).toMatchInlineSnapshot(`
    "03-invalid.pdf · 3 executions in 2 runs

      ‹2›run‹22›                        ‹2›stage‹22›                       ‹2›status‹22›      ‹2›took‹22›  ‹2›when (UTC)‹22›
      2026-01-01_20-48-14        upload                      ‹32›completed‹39›
      alameda_1768599600_abc123  fetch                       ‹32›completed‹39›  12 ms  2026-01-16 21:40:00
      alameda_1768599600_abc123  ocr                         ‹31›failed‹39›     12 ms  2026-01-16 21:40:05
          InvalidPDFException: Invalid PDF structure.
      alameda_1768686000_def456  ocr #2 try 3 run attempt 2  ‹32›completed‹39›      -  2026-01-17 21:40:00
          ‹2›→ 12.3 kB  analytics/ocr/03-invalid.pdf/alameda_1768686000_def456/page-1.txt‹22›
          ‹2›→ missing  /elsewhere/gone.txt‹22›
          ‹2›→     0 B  more/0.txt‹22›
          ‹2›→     1 B  more/1.txt‹22›
          ‹2›→     2 B  more/2.txt‹22›
          ‹2›→ … and 2 more: see --json‹22›"
  `);
});

test('an ID of ten thousand control characters is one bounded, harmless text', () => {
  const lines = renderItem(
    { itemId: '\u001B[2J'.repeat(2500), uploads: [], sightings: [sighting({})] },
    { paint: plain, width: 80 },
  );
  expect(lines.join('\n')).not.toContain('\u001B');
  expect(lines.length).toBeLessThan(30);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
