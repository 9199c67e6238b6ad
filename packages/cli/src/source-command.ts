import { type Command } from 'commander';
import { type CliIo } from './cli-io.ts';
import { addSourceAddCommand } from './source-add-command.ts';
import { addSourceListCommand } from './source-list-command.ts';
import { addSourceVerifyCommand } from './source-verify-command.ts';

/** Adds `milepost source`: what was uploaded, and what became of it. */
export function addSourceCommand(program: Command, io: CliIo): void {
  const source = program
    .command('source')
    .summary('record uploads, list them, and say what became of their files')
    .description('Record uploads, list them, and say what became of their files.');
  addSourceAddCommand(source, io);
  addSourceListCommand(source, io);
  addSourceVerifyCommand(source, io);
}
