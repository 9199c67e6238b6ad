import { Command } from 'commander';
import { addChecksumCommand } from './checksum-command.ts';
import { type CliIo, widthOf } from './cli-io.ts';
import { addDiffCommand } from './diff-command.ts';
import { addDoctorCommand } from './doctor/doctor-command.ts';
import { addExportCommand } from './export-command.ts';
import { addFlushCommand } from './flush-command.ts';
import { addHelpHints } from './help-hint.ts';
import { addImportCommand } from './import-command.ts';
import { addItemCommand } from './item-command.ts';
import { addJobsCommand } from './jobs-command.ts';
import { addLinksCommand } from './links-command.ts';
import { addOutputsCommand } from './outputs-command.ts';
import { addPruneCommand } from './prune-command.ts';
import { addRebuildCommand } from './rebuild-command.ts';
import { addRepairCommand } from './repair-command.ts';
import { addRunsCommand } from './runs-command.ts';
import { addShowCommand } from './show-command.ts';
import { addSourceCommand } from './source-command.ts';
import { addSpoolCommand } from './spool-command.ts';
import { addStatusCommand } from './status-command.ts';
import { addSyncCommand } from './sync/sync-command.ts';
import { terminalLines } from './terminal-text.ts';
import { addVerifyCommand } from './verify-command.ts';
import { VERSION } from './version.ts';
import { addWatchCommand } from './watch-command.ts';

const AFTER = `
Examples:
  milepost show                         the latest run
  milepost show --pipeline minutes      the latest run of that pipeline
  milepost watch                        what runs, and how it goes on
  milepost runs --root /srv/civic/data
  milepost item 03-invalid.pdf
  milepost verify                       whether the record is whole, and nothing was changed
  milepost repair                       what nobody ended, and how it would be ended
  milepost spool                        telemetry that waits for its collector
  milepost doctor                       why telemetry does not arrive, and what to do

Exit codes:
  0  all was well; a run that failed is still shown with 0
  1  what was asked for is not there, could not be done, or is not as it should be;
     watch of one run: it failed, was cancelled or is lost
  2  wrong usage`;

/** The commands of `milepost` with their options. Parsing throws CommanderError instead of ending the process. */
export function createProgram(io: CliIo): Command {
  const program = new Command('milepost')
    .description('Runs, stages and items of a registry, and telemetry that waits.')
    .version(VERSION, '--version', 'print the version')
    .option(
      '--root <directory>',
      'directory of the registry (default: MILEPOST_ROOT, or else "data")',
    )
    .option('--json', 'answer in JSON, and nothing else on stdout')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(terminalLines(text)),
      getOutHelpWidth: () => widthOf(io.stdout),
      getErrHelpWidth: () => widthOf(io.stderr),
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', AFTER);
  addRunsCommand(program, io);
  addShowCommand(program, io);
  addStatusCommand(program, io);
  addJobsCommand(program, io);
  addLinksCommand(program, io);
  addWatchCommand(program, io);
  addItemCommand(program, io);
  addChecksumCommand(program, io);
  addDiffCommand(program, io);
  addOutputsCommand(program, io);
  addVerifyCommand(program, io);
  addRebuildCommand(program, io);
  addRepairCommand(program, io);
  addPruneCommand(program, io);
  addExportCommand(program, io);
  addImportCommand(program, io);
  addSourceCommand(program, io);
  addSyncCommand(program, io);
  addSpoolCommand(program, io);
  addFlushCommand(program, io);
  addDoctorCommand(program, io);
  addHelpHints(program);
  return program;
}
