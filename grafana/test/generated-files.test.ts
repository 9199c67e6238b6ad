import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generatedFiles } from '../src/generated-files.ts';

test.for(generatedFiles())('$path is what `npm run grafana` makes', ({ path, text }) => {
  expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(text);
});
