import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Problem, type Registry, type RunDetail } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { EXPORTED_VALUES, type ExportRow, type Exported, rowOfRun, rowsOf } from './export-rows.ts';
import { writeToFile, writeToStream } from './export-sink.ts';
import {
  EXPORT_FORMAT_VALUES,
  type ExportFormat,
  csvText,
  jsonRow,
  jsonText,
} from './export-text.ts';
import { helpHintWithId } from './help-hint.ts';
import { parseLimit } from './limit-option.ts';
import { recordPathOf } from './record-path.ts';
import { type RunFilters, addRunFilters, selectionOf } from './run-filters.ts';
import { runJson } from './run-json.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost export --format csv > runs.csv
  milepost export --format csv --what failures --since 7d --output failures.csv
  milepost export latest > run.json
  milepost export --what outputs --pipeline minutes | jq -r '.[].path'`;

interface ExportOptions extends RunFilters {
  readonly format: ExportFormat;
  readonly what: Exported;
  readonly limit: number;
  readonly output?: string;
  readonly raw?: boolean;
}

/** Runs with all that is known of them, one after the other. What is gone meanwhile is passed over. */
async function* detailsOf(
  registry: Registry,
  ids: readonly string[],
  isNamed: boolean,
  problems: Problem[],
): AsyncGenerator<RunDetail> {
  for (const id of ids) {
    const run = await registry.readRun(id);
    if (run === undefined && isNamed) {
      throw new CliError(`no run "${terminalText(id)}" in ${registry.root}`);
    }
    if (run === undefined) continue;
    problems.push(...run.problems);
    yield run;
  }
}

async function* rowsOfAll(
  registry: Registry,
  what: Exported,
  runs: AsyncIterable<RunDetail>,
): AsyncGenerator<ExportRow> {
  for await (const run of runs) {
    yield* await rowsOf(what, run, () => registry.getCentralRegistry(run.runId));
  }
}

async function* wholeRuns(
  registry: Registry,
  runs: AsyncIterable<RunDetail>,
): AsyncGenerator {
  for await (const run of runs) yield runJson(run, await recordPathOf(registry.root, run.runId));
}

async function* counting<T>(values: AsyncIterable<T>, count: () => void): AsyncGenerator<T> {
  for await (const value of values) {
    count();
    yield value;
  }
}

/** An export as texts, made as they are asked for. */
class Export {
  /** How many rows, or whole runs, were made. */
  count = 0;
  readonly problems: Problem[] = [];
  readonly #registry: Registry;
  readonly #options: ExportOptions;
  readonly #named: readonly string[];

  constructor(registry: Registry, options: ExportOptions, named: readonly string[]) {
    this.#registry = registry;
    this.#options = options;
    this.#named = named;
  }

  async texts(): Promise<AsyncGenerator<string>> {
    const { format, what, raw = false } = this.#options;
    const values = await this.#values();
    const counted = <T>(all: AsyncIterable<T>): AsyncGenerator<T> =>
      counting(all, () => (this.count += 1));
    if ('whole' in values) return jsonText(counted(values.whole));
    const { rows } = values;
    if (format === 'csv') return csvText(what, counted(rows), raw);
    return jsonText(counted(jsonRows(what, rows)));
  }

  async #values(): Promise<
    { readonly rows: AsyncIterable<ExportRow> } | { readonly whole: AsyncIterable<unknown> }
  > {
    const registry = this.#registry;
    const { what, format } = this.#options;
    const isNamed = this.#named.length > 0;
    // Summaries of all runs are quickly had; all else is read run by run.
    if (what === 'runs' && format === 'csv' && !isNamed) {
      const list = await registry.listRuns(this.#selection());
      this.problems.push(...list.problems);
      return { rows: mapped(list.runs, rowOfRun) };
    }
    const ids = isNamed ? this.#named : await registry.listAllJobs(this.#selection());
    const details = detailsOf(registry, ids, isNamed, this.problems);
    return what === 'runs' && format === 'json'
      ? { whole: wholeRuns(registry, details) }
      : { rows: rowsOfAll(registry, what, details) };
  }

  #selection(): ReturnType<typeof selectionOf> {
    const { format: _f, what: _w, limit, output: _o, raw: _r, ...filters } = this.#options;
    return { ...selectionOf(filters), ...(Number.isFinite(limit) && { limit }) };
  }
}

async function* mapped<T, R>(values: Iterable<T>, map: (value: T) => R): AsyncGenerator<R> {
  for (const value of values) yield map(value);
}

async function* jsonRows(
  what: Exported,
  rows: AsyncIterable<ExportRow>,
): AsyncGenerator<ExportRow> {
  for await (const row of rows) yield jsonRow(what, row);
}

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
    .option('--limit <number>', 'at most so many runs, the newest, or all', parseLimit, Infinity)
    .option('--output <file>', 'write to a file, which is replaced once all is written')
    .option('--raw', 'leave texts in CSV that a spreadsheet would take for a formula as they are')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError(helpHintWithId('export'))
    .action(async (named: readonly string[], options: ExportOptions, self: Command) => {
      const given = FILTER_NAMES.find((name) => options[name] !== undefined);
      if (named.length > 0 && given !== undefined) {
        self.error(`error: runs are named: --${given} filters none of them`);
      }
      const context = new CommandContext(io, self);
      await context.withRegistry(async (registry) => {
        const exported = new Export(registry, options, named);
        const texts = await exported.texts();
        const { output, what } = options;
        if (output === undefined) await writeToStream(texts, io.stdout);
        else {
          const path = resolve(context.cwd, output);
          await writeToFile(texts, path);
          const one = what.slice(0, -1);
          if (!context.wantsJson) context.writeLines([`${counted(exported.count, one)}: ${path}`]);
          else context.writeJson({ path, [what]: exported.count });
        }
        context.reportProblems(exported.problems);
      });
    });
}
