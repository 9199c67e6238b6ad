import { type Problem, type Registry, type RunDetail } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type Exported } from './export-columns.ts';
import { type ExportRow, rowOfRun, rowsOf } from './export-rows.ts';
import { type ExportFormat, csvText, jsonRow, jsonText } from './export-text.ts';
import { recordPathOf } from './record-path.ts';
import { type RunFilters, selectionOf } from './run-filters.ts';
import { runJson } from './run-json.ts';
import { terminalText } from './terminal-text.ts';

/** What is exported, and how. */
export interface ExportOptions extends RunFilters {
  readonly format: ExportFormat;
  readonly what: Exported;
  /** Default: all. */
  readonly limit?: number;
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
    for (const problem of run.problems) {
      // What the list of runs told is told.
      const { path, message } = problem;
      if (!problems.some((told) => told.path === path && told.message === message)) {
        problems.push(problem);
      }
    }
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

async function* wholeRuns(registry: Registry, runs: AsyncIterable<RunDetail>): AsyncGenerator {
  for await (const run of runs) yield runJson(run, await recordPathOf(registry.root, run.runId));
}

async function* counting<T>(values: AsyncIterable<T>, count: () => void): AsyncGenerator<T> {
  for await (const value of values) {
    count();
    yield value;
  }
}

/** An export as texts, made as they are asked for. */
export class RunExport {
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
    const list = isNamed ? undefined : await registry.listRuns(this.#selection());
    this.problems.push(...(list?.problems ?? []));
    // Summaries of all runs are had by now; all else is read run by run.
    if (what === 'runs' && format === 'csv' && list !== undefined) {
      return { rows: mapped(list.runs, rowOfRun) };
    }
    const ids = list?.runs.map(({ runId }) => runId) ?? this.#named;
    const details = detailsOf(registry, ids, isNamed, this.problems);
    return what === 'runs' && format === 'json'
      ? { whole: wholeRuns(registry, details) }
      : { rows: rowsOfAll(registry, what, details) };
  }

  #selection(): ReturnType<typeof selectionOf> {
    const {
      format: _f,
      what: _w,
      limit = Infinity,
      output: _o,
      raw: _r,
      ...filters
    } = this.#options;
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
