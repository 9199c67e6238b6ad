import { resolve } from 'node:path';
import { type Command } from 'commander';
import { type FileLineage } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { layOutColumns } from './columns.ts';
import { CommandContext } from './command-context.ts';
import { type JsonAnswer, problemsJson, timeJson } from './run-json.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { type DrawingOptions } from './waterfall.ts';

const EXAMPLES = `
Examples:
  milepost outputs uploads/03.pdf
  milepost outputs 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  milepost outputs uploads/03.pdf --json | jq -r '.outputs[].path'`;

const SHA256 = /^[0-9a-f]{64}$/i;

function outputsJson({ checksums, outputs, problems }: FileLineage): JsonAnswer {
  return {
    checksums,
    outputs: outputs.map(({ runId, stage, itemId, path, size, sha256, time }) => ({
      run_id: runId,
      stage: stage ?? null,
      item_id: itemId,
      path,
      size: size ?? null,
      sha256: sha256 ?? null,
      timestamp: timeJson(time),
    })),
    problems: problemsJson(problems),
  };
}

function renderOutputs(
  { outputs }: FileLineage,
  { paint, width }: DrawingOptions,
): readonly string[] {
  const head = (text: string): string => paint('dim', text);
  return layOutColumns(
    [
      { heading: head('output'), cells: outputs.map(({ path }) => terminalText(path)) },
      {
        heading: head('stage'),
        cells: outputs.map(({ stage }) => (stage === undefined ? '' : terminalText(stage, 60))),
        shrinksTo: 8,
      },
      {
        heading: head('item'),
        cells: outputs.map(({ itemId }) => itemText(itemId)),
        shrinksTo: 8,
      },
      { heading: head('run'), cells: outputs.map(({ runId }) => terminalText(runId)) },
      { heading: head('when (UTC)'), cells: outputs.map(({ time }) => timeText(time)) },
    ],
    width,
  );
}

/** Adds `milepost outputs`: what runs made of a file. */
export function addOutputsCommand(program: Command, io: CliIo): void {
  program
    .command('outputs')
    .summary('show which outputs came from a file')
    .description('Show which outputs runs made of a file, or of the item that it is.')
    .argument('<sha256 or file>', 'a SHA-256 in hex, or the path of a file')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string, _options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const file = SHA256.test(given) ? given : resolve(context.cwd, given);
        const lineage = await registry.findOutputsOf(file);
        context.reportProblems(lineage.problems);
        if (lineage.outputs.length === 0) {
          const known = lineage.sightings.length > 0;
          const what = known ? 'no output is recorded of it' : 'no run and no upload had that file';
          throw new CliError(`${terminalText(given)}: ${what} in ${registry.root}`);
        }
        if (context.wantsJson) context.writeJson(outputsJson(lineage));
        else context.writeLines(renderOutputs(lineage, context.drawing));
      });
    });
}
