import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { samplePdfDirectory } from '@milepost/example-documents/sample-pdfs';
import { holdFiles } from './hold-files.ts';
import { type RunExample } from './run-example.ts';

/** Runs of `examples/documents`, on text layers alone. The partial one is `npm run demo -- --pages 0`, of which grafana/README.md tells. */
export async function runDocuments(run: RunExample): Promise<void> {
  const whole = inputOf(run.directory, 'whole', ['02-valid.pdf', '05-versions-space.pdf']);
  const broken = inputOf(run.directory, 'broken', ['03-invalid.pdf']);
  // A page that says why there is no PDF, saved under the name of one.
  writeFileSync(join(broken, 'not-found.pdf'), '<!doctype html><title>Not found</title>');
  const argv = ['--pages', '0'];
  await run.toEnd('completed', 'letters', [...argv, '--input', whole]);
  await run.toEnd('completed', 'letters', [...argv, '--input', whole, '--ignore-cache']);
  await run.toEnd('partial', 'papers', argv);
  await run.toEnd('failed', 'forms', [...argv, '--input', broken]);
  await holdFiles(join(run.root, 'cache'));
  await run.toHold('killed', 'maps', [...argv, '--input', whole], 'ocr');
  await run.toHold('running', 'ledgers', [...argv, '--input', whole], 'ocr');
}

function inputOf(directory: string, name: string, samples: readonly string[]): string {
  const input = join(directory, 'input', name);
  mkdirSync(input, { recursive: true });
  for (const sample of samples) {
    copyFileSync(join(samplePdfDirectory(), sample), join(input, sample));
  }
  return input;
}
