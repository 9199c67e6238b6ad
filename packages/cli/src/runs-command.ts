import { type Command } from 'commander';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { parseLimit } from './limit-option.ts';
import { renderRuns } from './render-runs.ts';
import { runsJson } from './run-json.ts';

const EXAMPLES = `
Examples:
  milepost runs
  milepost runs --limit all
  milepost runs --json | jq -r '.runs[] | select(.status == "failed") | .run_id'`;

const DEFAULT_LIMIT = 20;

/** Adds `milepost runs`: which runs there are, newest first. */
export function addRunsCommand(program: Command, io: CliIo): void {
  program
    .command('runs')
    .summary('list the runs of a registry, newest first')
    .description('List the runs of a registry, newest first.')
    .option('--limit <number>', 'list at most so many runs, or all', parseLimit, DEFAULT_LIMIT)
    .addHelpText('after', EXAMPLES)
    .action(async ({ limit }: { readonly limit: number }, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const list = await registry.listRuns();
        context.reportProblems(list.problems);
        if (context.wantsJson) {
          context.writeJson(runsJson(list, limit));
          return;
        }
        const shown = list.runs.slice(0, limit);
        const left = list.runs.length - shown.length;
        const more = `… and ${left} more: ${context.commandLine('runs', ['--limit', 'all'])}`;
        context.writeLines([
          ...(shown.length === 0
            ? [`no runs yet in ${registry.root}`]
            : renderRuns(shown, context.drawing)),
          ...(left > 0 ? [more] : []),
        ]);
      });
    });
}
