import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './generated-files.ts';

const directory = join(import.meta.dirname, '..');
for (const { path, text } of generatedFiles()) writeFileSync(join(directory, path), text);
