import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import vectors from '../job-envelope.vectors.json' with { type: 'json' };
import { jobEnvelopeJsonSchema } from './job-envelope-json-schema.ts';

const published = fileURLToPath(new URL('../job-envelope.schema.json', import.meta.url));

// `npm run schema` writes it anew.
test('the published schema is what follows from the schema in the code', async () => {
  const generated = `${JSON.stringify(jobEnvelopeJsonSchema(), null, 2)}\n`;
  await expect(generated).toMatchFileSnapshot(published);
});

describe('the published schema', () => {
  const takes = (envelope: unknown): boolean =>
    z.fromJSONSchema(JSON.parse(readFileSync(published, 'utf8'))).safeParse(envelope).success;

  test.for([...vectors.jobs, ...vectors.programs, ...vectors.templates])(
    'takes $name',
    ({ envelope }) => {
      expect(takes(envelope)).toBe(true);
    },
  );

  test.for(vectors.invalid)('refuses $name', ({ envelope }) => {
    expect(takes(envelope)).toBe(false);
  });
});
