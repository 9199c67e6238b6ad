import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runCli } from '@milepost/cli';

const PAGE = join(import.meta.dirname, '../grafana/RUNBOOK.md');

const lines = [...readFileSync(PAGE, 'utf8').matchAll(/^```sh\n(?<lines>[^`]+)```$/gm)].flatMap(
  ({ groups }) => (groups?.['lines'] ?? '').trim().split('\n'),
);

/** What the command says of itself. */
async function helpOf(command: string): Promise<string> {
  const stdout = new PassThrough();
  const said = text(stdout);
  const io = { stdout, stderr: new PassThrough(), env: {}, cwd: '.', now: () => 0 };
  expect(await runCli([command, '--help'], io)).toBe(0);
  stdout.end();
  return said;
}

test.for(lines.map((line) => ({ line })))('the runbook says to type: $line', async ({ line }) => {
  const [program, command = '', ...rest] = line.split(' ');
  expect(program).toBe('milepost');
  const help = await helpOf(command);
  expect(help).toContain(`Usage: milepost ${command}`);
  for (const option of rest.filter((word) => word.startsWith('--'))) {
    expect(help).toMatch(new RegExp(`^ +${option}\\b`, 'm'));
  }
});

test('the runbook has commands for every alert', () => {
  expect(lines.length).toBeGreaterThan(7);
});
