import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createRunId } from '@milepost/run-id';
import { holdFiles } from './hold-files.ts';
import { type RunExample } from './run-example.ts';

/** Runs of `examples/civic`, on text layers. The second one is `npm run civic -- --text`, of which grafana/README.md tells. */
export async function runCivic(run: RunExample): Promise<void> {
  await run.toEnd('completed', 'alameda', ['--text', '--all-years', '--all-agendas']);
  await run.toEnd('completed', 'alameda', ['--text']);
  await run.toEnd('partial', 'berkeley', ['--text', '--broken']);

  // Its compilation cannot write where a directory is in the way.
  const runId = createRunId({ subdomain: 'concord' });
  mkdirSync(join(run.root, 'civic', 'runs', `${runId}.1`, 'meetings.sqlite'), { recursive: true });
  await run.toEnd('failed', 'concord', ['--text'], runId);

  await holdFiles(join(run.root, 'civic', 'cache'));
  await run.toHold('killed', 'davis', ['--text'], 'extraction');
  await run.toHold('running', 'emeryville', ['--text'], 'extraction');
}
