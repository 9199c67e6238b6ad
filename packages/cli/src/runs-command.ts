import { type Command } from 'commander';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { parseLimit } from './limit-option.ts';
import { renderRuns } from './render-runs.ts';
import { type RunFilters, addRunFilters, selectionOf, typedFilters } from './run-filters.ts';
import { runsJson } from './run-json.ts';

const EXAMPLES = `
Examples:
  milepost runs
  milepost runs --status failed --since 24h
  milepost runs --pipeline minutes --subdomain alameda --limit all
  milepost runs --item 03-invalid.pdf
  milepost runs --json | jq -r '.runs[].run_id'`;

const DEFAULT_LIMIT = 20;
/** Adds `milepost runs`: which runs there are, newest first. */
export function addRunsCommand(program: Command, io: CliIo): void {
  const runs = program
    .command('runs')
    .summary('list the runs of a registry, newest first')
    .description(
      'List the runs of a registry, newest first: those for which all that is asked for holds.',
    );
  addRunFilters(runs, io)
    .option('--limit <number>', 'list at most so many runs, or all', parseLimit, DEFAULT_LIMIT)
    .addHelpText('after', EXAMPLES)
    .action(async (options: RunFilters & { readonly limit: number }, command: Command) => {
      const { limit, ...filters } = options;
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const selection = selectionOf(filters);
        const list = await registry.listRuns(
          Number.isFinite(limit) ? { ...selection, limit } : selection,
        );
        context.reportProblems(list.problems);
        if (context.wantsJson) {
          context.writeJson(runsJson(list));
          return;
        }
        const typed = typedFilters(filters);
        const none = typed.length === 0 ? 'no runs yet' : 'no such runs';
        const left = list.total - list.runs.length;
        const all = context.commandLine('runs', [...typed, '--limit', 'all']);
        context.writeLines([
          ...(list.runs.length === 0
            ? [`${none} in ${registry.root}`]
            : renderRuns(list.runs, context.drawing)),
          ...(left > 0 ? [`… and ${left} more: ${all}`] : []),
        ]);
      });
    });
}
