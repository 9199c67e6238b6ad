import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { python } from './python-programs.ts';

test('steps that Python saves are told, of a run that is there and of a new one', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'milepost-python-'));
  const registry = openRegistry({ root: join(directory, 'data'), itemsKey: 'citekeys' });
  onTestFinished(async () => {
    await registry.close();
    rmSync(directory, { recursive: true });
  });
  const save = (step: string, job: string, metadata: Record<string, unknown>): void =>
    void python('save_step.py', registry.root, step, job, JSON.stringify(metadata));
  save('ocr', '2026-01-01_21-45-14', { status: 'failed' });
  const told: string[] = [];
  for await (const change of registry.watch({ pollMs: 20 })) {
    const stage =
      'execution' in change ? `${change.execution.stage} ${change.execution.state}` : '';
    told.push(`${change.type} ${change.run.runId} ${stage || change.run.status}`);
    if (change.type === 'run_present') {
      save('extract_toc', '2026-01-01_21-45-14', {
        status: 'completed',
        citekeys: { total: 1, list: ['test_v04'] },
      });
    } else if (told.length === 2) {
      save('ocr', '2026-01-02_08-00-00', { status: 'completed' });
    } else if (change.type === 'run_ended') break;
  }
  expect(told).toEqual([
    'run_present 2026-01-01_21-45-14 failed',
    'stage_ended 2026-01-01_21-45-14 extract_toc completed',
    'run_started 2026-01-02_08-00-00 completed',
    'stage_ended 2026-01-02_08-00-00 ocr completed',
    'run_ended 2026-01-02_08-00-00 completed',
  ]);
});
