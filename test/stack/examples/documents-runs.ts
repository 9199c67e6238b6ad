import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { samplePdfDirectory } from '@milepost/example-documents/sample-pdfs';
import { holdFiles } from './hold-files.ts';
import { type RunExample } from './run-example.ts';

/** Runs of `examples/documents`, on text layers alone. */
export async function runDocuments(run: RunExample): Promise<void> {
  const inputs = {
    whole: inputOf(run.directory, 'whole', ['02-valid.pdf', '05-versions-space.pdf']),
    mixed: inputOf(run.directory, 'mixed', ['04-valid.pdf', '03-invalid.pdf']),
    broken: inputOf(run.directory, 'broken', ['03-invalid.pdf']),
  };
  // A page that says why there is no PDF, saved under the name of one.
  writeFileSync(join(inputs.mixed, 'not-found.pdf'), '<!doctype html><title>Not found</title>');
  const argv = ['--pages', '0', '--workers', '1', '--input'];
  await run.toEnd('completed', 'letters', [...argv, inputs.whole]);
  await run.toEnd('completed', 'letters', [...argv, inputs.whole, '--ignore-cache']);
  await run.toEnd('partial', 'papers', [...argv, inputs.mixed]);
  await run.toEnd('failed', 'forms', [...argv, inputs.broken]);
  await holdFiles(join(run.root, 'cache'));
  await run.toHold('killed', 'maps', [...argv, inputs.whole], 'ocr');
  await run.toHold('running', 'ledgers', [...argv, inputs.whole], 'ocr');
}

function inputOf(directory: string, name: string, samples: readonly string[]): string {
  const input = join(directory, 'input', name);
  mkdirSync(input, { recursive: true });
  for (const sample of samples) {
    copyFileSync(join(samplePdfDirectory(), sample), join(input, sample));
  }
  return input;
}
