import { type Command } from 'commander';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { itemJson } from './item-json.ts';
import { renderItem } from './render-item.ts';
import { itemText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost item 03-invalid.pdf
  milepost item 'https://example.org/minutes?id=7'
  milepost item -- -starts-with-a-dash
  milepost item 03-invalid.pdf --json | jq '.executions[-1].error'`;

/** How the registry calls an upload in the history of an item. */
const UPLOAD_STEP = 'source (upload)';

/** Adds `milepost item`: everything that happened to one item, over all runs. */
export function addItemCommand(program: Command, io: CliIo): void {
  program
    .command('item')
    .summary('show what happened to one item, over all runs')
    .description('Show every execution that touched an item, over all runs, oldest first.')
    .argument('<id>', 'ID of the item, exactly as the pipeline gave it')
    .addHelpText('after', EXAMPLES)
    .action(async (itemId: string, _options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const { sightings, problems } = await registry.findItem(itemId);
        const jobs = await registry.findJobsForItem(itemId);
        const uploads = jobs.filter(({ step }) => step === UPLOAD_STEP);
        context.reportProblems(problems);
        if (sightings.length === 0 && uploads.length === 0) {
          throw new CliError(
            `no item ${itemText(itemId)} in any run in ${registry.root}. An ID must be given exactly as the pipeline gave it; ${context.commandLine('show')} names failed ones.`,
          );
        }
        const view = { itemId, sightings, uploads };
        if (context.wantsJson) context.writeJson(itemJson(view, problems));
        else context.writeLines(renderItem(view, context.drawing));
      });
    });
}
