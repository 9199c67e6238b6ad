import { type Command } from 'commander';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { jobCountsJson, jobJson } from './job-json.ts';
import { parseLimit } from './limit-option.ts';
import { type LatestFilters, LATEST, addLatestFilters, namedRun, readRun } from './named-run.ts';
import { pathFrom, recordPathOf } from './record-path.ts';
import { renderRun } from './render-run.ts';
import { runJson } from './run-json.ts';

const EXAMPLES = `
Examples:
  milepost show
  milepost show alameda_1737072000_abc123
  milepost show --pipeline minutes --subdomain alameda
  milepost show latest --failures all
  milepost show latest --json | jq -r '.failed_items[].id'`;

const DEFAULT_FAILURES = 10;

interface ShowOptions extends LatestFilters {
  readonly failures: number;
}

/** Adds `milepost show`: one run as a waterfall of its stages. */
export function addShowCommand(program: Command, io: CliIo): void {
  const show = program
    .command('show')
    .summary('show one run: its stages as a waterfall, and what failed')
    .description('Show one run: its stages as a waterfall, what failed, and where the record lies.')
    .argument('[run]', 'ID of a run, an alias of it, or latest', LATEST);
  addLatestFilters(show)
    .option(
      '--failures <number>',
      'list at most so many failed items, errors and jobs, or all',
      parseLimit,
      DEFAULT_FAILURES,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: ShowOptions, command: Command) => {
      const { failures } = options;
      const named = namedRun(id, options, command);
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const run = await readRun(registry, named, context);
        context.reportProblems(run.problems);
        const recordPath = await recordPathOf(registry.root, run.runId);
        if (context.wantsJson) {
          context.writeJson({
            ...runJson(run, recordPath),
            job_counts: jobCountsJson(run.jobs),
            jobs: run.jobs.map(jobJson),
          });
          return;
        }
        context.writeLines(
          renderRun(run, {
            ...context.drawing,
            failureLimit: failures,
            recordPath: pathFrom(context.cwd, recordPath),
            repairCommand: context.commandLine('repair', [], run.runId),
            allFailuresCommand: context.commandLine('show', ['--failures', 'all'], run.runId),
          }),
        );
      });
    });
}
