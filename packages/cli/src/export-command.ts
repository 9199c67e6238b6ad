import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { EXPORTED_VALUES } from './export-columns.ts';
import { isPlaceOf } from './export-place.ts';
import { writeToFile, writeToStream } from './export-sink.ts';
import { EXPORT_FORMAT_VALUES } from './export-text.ts';
import { parseLimit } from './limit-option.ts';
import { type ExportOptions, RunExport } from './run-export.ts';
import { addRunFilters } from './run-filters.ts';

const EXAMPLES = `
Examples:
  milepost export --format csv > runs.csv
  milepost export --format csv --what failures --since 7d --output failures.csv
  milepost export latest > run.json
  milepost export --what outputs --pipeline minutes | jq -r '.[].path'`;

const FILTER_NAMES = [
  'status',
  'stage',
  'pipeline',
  'subdomain',
  'since',
  'until',
  'item',
] as const;

/** Adds `milepost export`: runs as JSON or CSV for other programs. */
export function addExportCommand(program: Command, io: CliIo): void {
  const command = program
    .command('export')
    .summary('write runs, or their stages, items, failures or outputs, as JSON or CSV')
    .description(
      'Write runs as a JSON array, one line each with all that is known of it, or as CSV (RFC 4180) with one row each; or a row for each of their stages, items, failed items or outputs. All runs, newest first, unless some are named or filtered.',
    )
    .argument('[runs...]', 'IDs of runs, aliases of them, or latest')
    .addOption(
      new Option('--format <format>', 'json or csv').choices(EXPORT_FORMAT_VALUES).default('json'),
    )
    .addOption(
      new Option('--what <kind>', 'what there is a row for')
        .choices(EXPORTED_VALUES)
        .default('runs'),
    );
  addRunFilters(command, io)
    .option('--limit <number>', 'at most so many runs, the newest (default: all)', parseLimit)
    .option('--output <file>', 'write to a file, which is replaced once all is written')
    .option('--raw', 'leave texts in CSV that a spreadsheet would take for a formula as they are')
    .addHelpText('after', EXAMPLES)
    .action(async (named: readonly string[], options: ExportOptions, self: Command) => {
      const given = FILTER_NAMES.find((name) => options[name] !== undefined);
      if (named.length > 0 && given !== undefined) {
        self.error(`error: runs are named: --${given} filters none of them`);
      }
      const context = new CommandContext(io, self);
      await context.withRegistry(async (registry) => {
        const exported = new RunExport(registry, options, named);
        const texts = await exported.texts();
        const { output, what } = options;
        const path = output === undefined ? undefined : resolve(context.cwd, output);
        if (path === undefined || (await isPlaceOf(io.stdout, path))) {
          await writeToStream(texts, io.stdout);
        } else {
          await writeToFile(texts, path);
          const one = what.slice(0, -1);
          if (!context.wantsJson) context.writeLines([`${counted(exported.count, one)}: ${path}`]);
          else context.writeJson({ path, [what]: exported.count });
        }
        context.tellProblems(exported.problems);
      });
    });
}
