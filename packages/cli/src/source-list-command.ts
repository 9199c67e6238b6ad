import { type Command } from 'commander';
import { type SourceSummary } from '@milepost/registry';
import { type CliIo } from './cli-io.ts';
import { layOutColumns } from './columns.ts';
import { CommandContext } from './command-context.ts';
import { type JsonAnswer, problemsJson, timeJson } from './run-json.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

function sourceJson(source: SourceSummary): JsonAnswer {
  return {
    job_id: source.jobId,
    timestamp: source.time === 0 ? null : timeJson(source.time),
    status: source.status ?? null,
    bucket: source.bucket ?? null,
    total: source.total,
    uploaded: source.uploaded ?? null,
    skipped: source.skipped ?? null,
    checksums: source.checksums,
  };
}

function renderSources(
  sources: readonly SourceSummary[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  const name = (text: string | undefined): string =>
    text === undefined ? '' : terminalText(text, 60);
  const count = (of: (source: SourceSummary) => number | undefined): readonly string[] =>
    sources.map((source) => String(of(source) ?? '-'));
  return layOutColumns(
    [
      { heading: head('upload'), cells: sources.map(({ jobId }) => terminalText(jobId)) },
      { heading: head('status'), cells: sources.map(({ status }) => name(status)), shrinksTo: 8 },
      { heading: head('when (UTC)'), cells: sources.map(({ time }) => timeText(time)) },
      { heading: head('items'), cells: count(({ total }) => total), align: 'right' },
      { heading: head('uploaded'), cells: count(({ uploaded }) => uploaded), align: 'right' },
      { heading: head('skipped'), cells: count(({ skipped }) => skipped), align: 'right' },
      { heading: head('checksums'), cells: count(({ checksums }) => checksums), align: 'right' },
      { heading: head('bucket'), cells: sources.map(({ bucket }) => name(bucket)), shrinksTo: 8 },
    ],
    width,
  );
}

/** Adds `milepost source list`: which uploads there are, newest first. */
export function addSourceListCommand(source: Command, io: CliIo): void {
  source
    .command('list')
    .summary('list uploads, newest first')
    .description('List uploads, newest first.')
    .action(async (_options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const { sources, problems } = await registry.listSources();
        context.reportProblems(problems);
        if (context.wantsJson) {
          context.writeJson({
            sources: sources.map(sourceJson),
            problems: problemsJson(problems),
          });
          return;
        }
        context.writeLines(
          sources.length === 0
            ? [`no uploads yet in ${terminalText(registry.root)}`]
            : renderSources(sources, context.drawing),
        );
      });
    });
}
