import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type CliIo } from '../cli-io.ts';
import { type DoctorFinding, noteworthy, wrong } from './finding.ts';
import { judgeProgram } from './judge-program.ts';
import { PROBE_VARIABLE, type ProbeReport, parseProbeReport } from './probe-report.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Runs a command to its end. What it writes goes to stderr: the answer alone goes to stdout. */
async function runToEnd(
  [file = '', ...args]: readonly string[],
  directory: string,
  io: CliIo,
): Promise<string | undefined> {
  const probe = new URL(`./probe${extname(import.meta.url)}`, import.meta.url);
  const options = [io.env['NODE_OPTIONS'] ?? '', `--import=${probe.href}`].join(' ').trim();
  const child = spawn(file, args, {
    cwd: io.cwd,
    env: { ...io.env, NODE_OPTIONS: options, [PROBE_VARIABLE]: directory },
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  child.stdout.pipe(io.stderr, { end: false });
  child.stderr.pipe(io.stderr, { end: false });
  const pass = (signal: NodeJS.Signals): void => {
    // A terminal has told it already.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    // The error is thrown here where it cannot be started.
    await once(child, 'close');
    const { exitCode, signalCode } = child;
    if (exitCode === 0) return undefined;
    return signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, pass);
  }
}

async function reportsIn(directory: string): Promise<readonly ProbeReport[]> {
  const names = await readdir(directory);
  const texts = await Promise.all(
    names.toSorted().map((name) => readFile(join(directory, name), 'utf8')),
  );
  return texts.flatMap((text) => parseProbeReport(text) ?? []);
}

/**
 * Runs a program with a probe in it, in all of its processes, and tells what became of its telemetry: whether an SDK was
 * registered, with our ID generator, whether its runs were sampled and recorded, how many copies of the API it loaded.
 * @param command the program and its arguments
 */
export async function checkProgram(
  command: readonly string[],
  io: CliIo,
): Promise<readonly DoctorFinding[]> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-doctor-'));
  try {
    const ended = await runToEnd(command, directory, io);
    const findings = judgeProgram(await reportsIn(directory));
    if (ended === undefined) return findings;
    const todo = 'Look at what it said above.';
    return [noteworthy('program', `the program ended ${ended}`, todo), ...findings];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const todo = 'Name a command after --, such as: milepost doctor -- node app.js';
    return [wrong('program', `the program could not be run: ${why}`, todo)];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
