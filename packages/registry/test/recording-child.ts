import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { journalLines, readLines } from '../src/journal-line.ts';

const packagePath = fileURLToPath(new URL('..', import.meta.url));
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/** A program that records run `r1`, says `ready` when it is on disk, and does what lines of its input tell. */
export function recording(root: string, work: string): string {
  return `import { joinRun, withRun, withStage } from '@milepost/core';
import { connectRegistry, openRegistry } from '@milepost/registry';
import { createInterface } from 'node:readline';
const registry = openRegistry({ root: ${JSON.stringify(root)} });
connectRegistry(registry);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ready = async () => { await registry.flush(); console.log('ready'); };
const told = () => lines.next();
${work}
await registry.close();
process.exit(0);`;
}

/** A run `r1` in its stage `ocr`, which ends when it is told to. */
export const IN_A_STAGE: string = `await withRun({ pipeline: 'p', runId: 'r1', stages: ['ocr', 'deploy'] }, () =>
  withStage('ocr', async () => { await ready(); await told(); }));`;

/** Begins a program and waits until it says that it is ready. It is killed when the test is over. */
export async function begun(program: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      ...conditions,
      '--input-type=module',
      '--eval',
      program,
    ],
    { cwd: packagePath, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  await Promise.race([
    once(child.stdout ?? child, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}`))),
  ]);
  return child;
}

/** Kills it, and waits until it is gone. */
export async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Tells it to go on, and waits until it ended. */
export async function told(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.stdin?.write('go on\n');
  await exit;
}

/** Waits until the kernel shows a process in a state. */
export async function inState(pid: number | undefined, state: string): Promise<void> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith(state)) return;
    await new Promise(setImmediate);
  }
}

/** The segments of run `r1`. */
export function segmentsOf(root: string): readonly string[] {
  const journal = join(root, '.milepost', 'journal', 'r1');
  return readdirSync(journal).map((name) => join(journal, name));
}

/** Has segments say that someone else wrote them. */
export function rewriteOpening(root: string, keys: Readonly<Record<string, unknown>>): void {
  for (const path of segmentsOf(root)) {
    const { lines } = readLines(readFileSync(path));
    const bodies = lines.map(({ record }) =>
      JSON.stringify(record.kind === 'segment_opened' ? { ...record, ...keys } : record),
    );
    writeFileSync(path, journalLines(1, bodies));
  }
}

/** Has the last sign of life of run `r1` be so old. */
export function lastHeartbeat(root: string, ageMs: number): void {
  const time = (Date.now() - ageMs) / 1000;
  for (const path of segmentsOf(root)) utimesSync(path, time, time);
}
