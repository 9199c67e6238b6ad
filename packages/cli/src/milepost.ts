#!/usr/bin/env node
import { EXIT_FAILED } from './cli-error.ts';
import { runCli } from './run-cli.ts';

// Whoever reads our output may stop before its end, as `head` does: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`milepost: could not write: ${error.message}\n`);
  process.exitCode = EXIT_FAILED;
});
process.stderr.on('error', () => {
  // Nobody is left who could be told.
});

const { stdout, stderr, env } = process;
const code = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  env,
  cwd: process.cwd(),
  now: () => Date.now(),
});
process.exitCode ??= code;
