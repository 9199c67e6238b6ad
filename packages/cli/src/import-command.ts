import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  IMPORTED_RESULTS_VALUES,
  type ImportReport,
  type ImportedResults,
} from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { itemsKeyOf } from './items-key.ts';
import { type JsonAnswer, problemsJson } from './run-json.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost import /srv/old/data --dry-run
  milepost import /srv/old/data --time-zone Europe/Berlin --results copy
  milepost import data --root data      takes a tree in place: no file of it is changed`;

interface ImportCommandOptions {
  readonly timeZone?: string;
  readonly results: ImportedResults;
  readonly dryRun?: boolean;
}

/** @throws {InvalidArgumentError} for what names no zone */
function parseZone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone;
  } catch {
    throw new InvalidArgumentError('Expected a zone as Europe/Berlin, or an offset as +02:00.');
  }
}

function importJson(report: ImportReport): JsonAnswer {
  const { directory, inPlace, dryRun, jobs, sources, unchanged, otherZone, problems } = report;
  return {
    directory,
    in_place: inPlace,
    dry_run: dryRun,
    jobs: jobs.map(({ jobId, steps, hub, merged, results }) => ({
      job_id: jobId,
      steps,
      hub,
      merged,
      results,
    })),
    sources,
    unchanged,
    other_zone: otherZone,
    problems: problemsJson(problems),
  };
}

/** What was taken: `2 jobs with 5 steps and 3 results, 1 upload; 4 unchanged`. */
function summaryText({ jobs, sources, unchanged, dryRun }: ImportReport): string {
  const steps = jobs.reduce((sum, job) => sum + job.steps.length, 0);
  const results = jobs.reduce((sum, job) => sum + job.results, 0);
  const parts = [counted(steps, 'step'), ...(results === 0 ? [] : [counted(results, 'result')])];
  const taken = `${counted(jobs.length, 'job')} with ${parts.join(' and ')}, ${counted(sources.length, 'upload')}`;
  return `${dryRun ? 'would import' : 'imported'} ${taken}; ${unchanged} unchanged`;
}

/** Says that times stay, and what to do. */
function otherZoneText({ otherZone }: ImportReport, timeZone: string): string {
  const kept =
    otherZone.length === 1 ? '1 job or upload keeps' : `${otherZone.length} jobs and uploads keep`;
  return `${kept} the times with which they were imported: ${timeZone} was not applied. Import the directory into a registry that does not have them.`;
}

function jobLine({ jobId, steps, merged, results }: ImportReport['jobs'][number]): string {
  const what = [
    ...steps.map((step) => terminalText(step)),
    ...(steps.length === 0 ? ['hub'] : []),
    ...(results === 0 ? [] : [counted(results, 'result')]),
  ];
  return `  ${terminalText(jobId)}  ${what.join(', ')}${merged ? '  added to the run of this ID' : ''}`;
}

/** Adds `milepost import`: makes what the original Python module wrote a part of the registry. */
export function addImportCommand(program: Command, io: CliIo): void {
  program
    .command('import')
    .summary('take over a directory that the original Python module wrote')
    .description(
      'Take over hubs, spokes and uploads of a directory that others wrote in the registry format, with their own times. Changes nothing in it, also where it is the registry itself; makes the registry where there is none. Once more, it takes what is new. Exits with 1 where something could not be read, or the registry has it otherwise; the rest is taken.',
    )
    .argument('<directory>', 'directory that holds "analytics" and "sources"')
    .option(
      '--time-zone <zone>',
      'zone of times that name none: Europe/Berlin, +02:00 (default: UTC)',
      parseZone,
    )
    .addOption(
      new Option('--results <how>', 'leave results, record their checksums, or copy them')
        .choices(IMPORTED_RESULTS_VALUES)
        .default('leave'),
    )
    .option('--dry-run', 'say what would be taken, and write nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, options: ImportCommandOptions, command: Command) => {
      const context = new CommandContext(io, command);
      const { timeZone, results, dryRun = false } = options;
      const from = resolve(context.cwd, directory);
      // Item collections are called as they are there already, or as they come.
      const itemsKey = (await itemsKeyOf(context.root)) ?? (await itemsKeyOf(from)) ?? 'items';
      await context.withNewRegistry({ itemsKey }, async (registry) => {
        const report = await registry.importLegacy(from, {
          results,
          dryRun,
          ...(timeZone !== undefined && { timeZone }),
        });
        const { problems } = report;
        context.reportProblems(problems, 'could not take');
        if (context.wantsJson) context.writeJson(importJson(report));
        else {
          const lines = dryRun ? report.jobs.map(jobLine) : [];
          context.writeLines([summaryText(report), ...lines]);
        }
        const findings = [
          ...(report.otherZone.length === 0 ? [] : [otherZoneText(report, timeZone ?? '')]),
          ...(problems.length === 0
            ? []
            : [`${counted(problems.length, 'file')} could not be taken; the rest was.`]),
        ];
        if (findings.length > 0) throw new CliError(findings.join('\n'), 'findings');
      });
    });
}
