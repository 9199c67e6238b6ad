import { type Command, Option } from 'commander';
import { type JobSummary, type RunDetail } from '@milepost/registry';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { jobJson } from './job-json.ts';
import { parseLimit } from './limit-option.ts';
import { type LatestFilters, LATEST, addLatestFilters, namedRun, readRun } from './named-run.ts';
import { numberText } from './record-counts.ts';
import { renderJobList } from './render-job-list.ts';
import { problemsJson } from './run-json.ts';
import { allStageJobsJson, stageJobsText } from './stage-jobs.ts';
import { executionLabel } from './waterfall-rows.ts';

const EXAMPLES = `
Examples:
  milepost jobs
  milepost jobs latest --status failed
  milepost jobs latest --pipeline minutes --retried
  milepost jobs latest --parent 17
  milepost jobs latest --retried --json | jq -r '.jobs[].job_id'`;

const DEFAULT_LIMIT = 50;

/** States that a job may be in, as a read tells them. */
const STATES = [
  'running',
  'retrying',
  'completed',
  'partial',
  'failed',
  'cancelled',
  'skipped',
  'lost',
] as const satisfies readonly JobSummary['state'][];

interface JobFilters {
  readonly parent?: string;
  readonly status?: (typeof STATES)[number];
  readonly name?: string;
  readonly queue?: string;
  readonly stage?: string;
  readonly retried?: true;
}

function matches(job: JobSummary, filters: JobFilters): boolean {
  const fits = (wanted: string | undefined, given: string | undefined): boolean =>
    wanted === undefined || wanted === given;
  return (
    fits(filters.parent, job.parentJobId) &&
    fits(filters.status, job.state) &&
    fits(filters.name, job.name) &&
    fits(filters.queue, job.queue) &&
    fits(filters.stage, job.stage) &&
    (filters.retried !== true || job.tries.length > 1)
  );
}

/** Of each stage that expects a number of jobs, how many have ended, under an empty line; of one alone where it was named. */
function stageLines({ executions }: RunDetail, only: string | undefined): readonly string[] {
  const lines = executions.flatMap((execution) => {
    const text = stageJobsText(execution);
    if (text === '' || (only !== undefined && only !== execution.stage)) return [];
    return [`${executionLabel(execution)}  ${text} ended`];
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

/** The filters as they are typed. */
function typed({ retried, ...named }: JobFilters): readonly string[] {
  return [
    ...Object.entries(named).map(([name, value]) => `--${name}=${value}`),
    ...(retried === true ? ['--retried'] : []),
  ];
}

/** Adds `milepost jobs`: the jobs of one run. */
export function addJobsCommand(program: Command, io: CliIo): void {
  const jobs = program
    .command('jobs')
    .summary("list the queues' jobs of one run")
    .description(
      "List the queues' jobs of one run by the time of their first try: those for which all that is asked for holds; and of stages that expect a number of jobs, how many have ended.",
    )
    .argument('[run]', 'ID of a run, an alias of it, or latest', LATEST);
  addLatestFilters(jobs)
    .option('--parent <id>', 'jobs that the job of that ID added')
    .addOption(new Option('--status <status>', 'jobs that are like that now').choices(STATES))
    .option('--name <name>', 'jobs of that name')
    .option('--queue <name>', 'jobs of that queue')
    .option('--stage <name>', 'jobs of that stage')
    .option('--retried', 'jobs that were tried more than once')
    .option('--limit <number>', 'list at most so many jobs, or all', parseLimit, DEFAULT_LIMIT)
    .addHelpText('after', EXAMPLES)
    .action(
      async (
        id: string,
        options: JobFilters & LatestFilters & { readonly limit: number },
        command: Command,
      ) => {
        const { limit, pipeline, subdomain, ...filters } = options;
        const named = namedRun(id, { pipeline, subdomain }, command);
        const context = new CommandContext(io, command);
        await context.withRegistry(async (registry) => {
          const run = await readRun(registry, named, context);
          context.reportProblems(run.problems);
          const found = run.jobs.filter((job) => matches(job, filters));
          const shown = found.slice(0, limit);
          if (context.wantsJson) {
            context.writeJson({
              run_id: run.runId,
              total: found.length,
              jobs: shown.map(jobJson),
              stage_jobs: allStageJobsJson(run),
              problems: problemsJson(run.problems),
            });
            return;
          }
          const left = found.length - shown.length;
          const all = context.commandLine('jobs', [...typed(filters), '--limit', 'all'], run.runId);
          const none = run.jobs.length === 0 ? 'no jobs' : 'no such jobs';
          const isFiltered = shown.length === 0 && run.jobs.length > 0;
          context.writeLines([
            ...(shown.length === 0
              ? [`${none} in run ${run.runId}`]
              : renderJobList(shown, context.drawing)),
            ...(left > 0 ? [`… and ${numberText(left)} more: ${all}`] : []),
            ...(isFiltered ? [] : stageLines(run, filters.stage)),
          ]);
        });
      },
    );
}
