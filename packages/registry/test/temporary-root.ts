import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory of its own for one test, gone when the test is over. The registry's root is `data` in it. */
export function temporaryRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-registry-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'data');
}
