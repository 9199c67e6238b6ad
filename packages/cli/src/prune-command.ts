import { type Command, InvalidArgumentError } from 'commander';
import { type PruneOptions } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { pruneJson } from './prune-json.ts';
import { renderPrune } from './render-prune.ts';
import { addStatusOption } from './run-filters.ts';

const EXAMPLES = `
Examples:
  milepost prune --keep-days 90 --dry-run
  milepost prune --keep-days 90 --keep-runs 20
  milepost prune --keep-runs 5 --pipeline minutes --results
  milepost prune --keep-days 1 --status failed --dry-run --json | jq -r '.pruned[].run_id'`;

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1 on.');
}

/** Adds `milepost prune`: removes the record of old runs. */
export function addPruneCommand(program: Command, io: CliIo): void {
  const command = program
    .command('prune')
    .summary('remove the record of old runs; nothing by default')
    .description(
      'Remove the record of runs that are outside of all keeps which are given, --keep-days, --keep-runs or both: journal, hub, spokes, claims, and results with --results. Never of a run that has no end and may get one, that a process writes, or that a run which stays has its items from; never uploads.',
    )
    .option('--keep-days <number>', 'keep runs that ended within so many days', parseCount)
    .option(
      '--keep-runs <number>',
      'keep so many runs of each pipeline in each subdomain, the newest',
      parseCount,
    );
  addStatusOption(command)
    .option('--pipeline <name>', 'runs of that pipeline')
    .option('--subdomain <name>', 'runs of that subdomain')
    .option('--results', 'remove their results too: analytics/{stage}/{item}/{run}/')
    .option('--foreign', 'also runs in which others recorded')
    .option('--dry-run', 'only say what would go, and why the rest stays')
    .addHelpText('after', EXAMPLES)
    .action(async (options: PruneOptions, self: Command) => {
      if (options.keepDays === undefined && options.keepRuns === undefined) {
        self.error(
          'error: expected --keep-days, --keep-runs or both: nothing is pruned by default',
        );
      }
      const context = new CommandContext(io, self);
      await context.withRegistry(async (registry) => {
        const report = await registry.prune(options);
        context.reportProblems(report.problems, 'could not read or remove');
        if (context.wantsJson) context.writeJson(pruneJson(report));
        else context.writeLines(renderPrune(report, context.drawing));
        if (report.problems.length > 0 && !report.dryRun) {
          const what = `${counted(report.problems.length, 'problem')} kept something from going`;
          throw new CliError(`${what}; the next prune goes on there`, 'left');
        }
      });
    });
}
