import { type Command } from 'commander';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost rebuild
  milepost rebuild latest
  milepost rebuild && milepost verify`;

/** Adds `milepost rebuild`: brings hubs, spokes and links to what journals and spokes tell. */
export function addRebuildCommand(program: Command, io: CliIo): void {
  program
    .command('rebuild')
    .summary('write hubs, spokes and links anew where they are not what the journal tells')
    .description(
      'Write hubs, spokes and links anew where they are not what the journals, and the spokes of others, tell. Keeps all original times. Without a run, also finishes a prune that was cut short.',
    )
    .argument('[run]', 'ID of a run, an alias of it, or latest (default: all)')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        if (id === undefined) {
          const hubs = await registry.rebuildCentralRegistry();
          if (context.wantsJson) context.writeJson({ hubs });
          else context.writeLines([`${counted(hubs, 'hub')} in ${terminalText(registry.root)}`]);
          return;
        }
        const runId = await registry.rebuildRun(id);
        if (runId === undefined) {
          throw new CliError(`no run "${terminalText(id)}" in ${registry.root}.`);
        }
        if (context.wantsJson) context.writeJson({ run_id: runId });
        else context.writeLines([`rebuilt ${terminalText(runId)}`]);
      });
    });
}
