import { type Command, Option } from 'commander';
import { type RunSelection } from '@milepost/registry';
import { RUN_STATE_VALUES, RUN_STATUS_VALUES } from '@milepost/semconv/schemas';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { parseLimit } from './limit-option.ts';
import { renderRuns } from './render-runs.ts';
import { runsJson } from './run-json.ts';
import { parseTimeOption } from './time-option.ts';

const EXAMPLES = `
Examples:
  milepost runs
  milepost runs --status failed --since 24h
  milepost runs --pipeline minutes --subdomain alameda --limit all
  milepost runs --item 03-invalid.pdf
  milepost runs --json | jq -r '.runs[].run_id'`;

const DEFAULT_LIMIT = 20;
const STATUSES = [...new Set([...RUN_STATUS_VALUES, ...RUN_STATE_VALUES, 'lost'])];

/** The options that say which runs are meant. */
type Filters = Pick<RunSelection, 'status' | 'pipeline' | 'subdomain' | 'since' | 'until'> & {
  readonly stage?: string;
  readonly item?: string;
};

function selectionOf({ stage, item, ...rest }: Filters): RunSelection {
  return {
    ...rest,
    ...(stage !== undefined && { step: stage }),
    ...(item !== undefined && { itemId: item }),
  };
}

/** The filters as they are typed again. */
function typedFilters({ since, until, ...names }: Filters): readonly string[] {
  const times = Object.entries({ since, until }).flatMap(([name, time]) =>
    time === undefined ? [] : [`--${name}`, new Date(time).toISOString()],
  );
  const texts = Object.entries(names).flatMap(([name, text]) => [`--${name}`, text]);
  return [...texts, ...times];
}

/** Adds `milepost runs`: which runs there are, newest first. */
export function addRunsCommand(program: Command, io: CliIo): void {
  const time = (text: string): number => parseTimeOption(text, io.now());
  program
    .command('runs')
    .summary('list the runs of a registry, newest first')
    .description(
      'List the runs of a registry, newest first: those for which all that is asked for holds.',
    )
    .addOption(
      new Option('--status <status>', 'runs of that status, or in that state').choices(STATUSES),
    )
    .option('--stage <name>', 'runs with a record of that stage')
    .option('--pipeline <name>', 'runs of that pipeline')
    .option('--subdomain <name>', 'runs of that subdomain')
    .option(
      '--since <time>',
      'runs that started then or later: 2026-01-16, 2026-01-16T21:40, 24h',
      time,
    )
    .option('--until <time>', 'runs that started before then', time)
    .option('--item <id>', 'runs that touched that item')
    .option('--limit <number>', 'list at most so many runs, or all', parseLimit, DEFAULT_LIMIT)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Filters & { readonly limit: number }, command: Command) => {
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
