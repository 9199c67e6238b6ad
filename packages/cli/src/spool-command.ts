import { type Command } from 'commander';
import { type SpoolInspection, inspectSpool } from '@milepost/delivery';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { renderSpool } from './render-spool.ts';
import { spoolsJson } from './spool-json.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost spool
  milepost spool --root /srv/civic/data
  milepost spool --json | jq '[.spools[].waiting[].records] | add'`;

/** What the option `--spool` says, in every command that has it. */
export const SPOOL_OPTION = [
  '--spool <directory>',
  'directory of the spool (default: those of the registry, of MILEPOST_SPOOL and of this user)',
] as const;

function holdsSomething({ destinations, deadLetters }: SpoolInspection): boolean {
  return deadLetters.length > 0 || destinations.some(({ holders }) => holders.length > 0);
}

/** Adds `milepost spool`: which telemetry waits for its collector. */
export function addSpoolCommand(program: Command, io: CliIo): void {
  program
    .command('spool')
    .summary('say which telemetry waits for its collector, since when, and why')
    .description(
      'Say which telemetry waits on disk for its collector, since when and with whom, and what nobody sends any more. Changes nothing.',
    )
    .option(...SPOOL_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(async ({ spool }: { readonly spool?: string }, command: Command) => {
      const context = new CommandContext(io, command);
      const directories = context.spoolDirectories(spool);
      const found = await Promise.all(directories.map((directory) => inspectSpool(directory)));
      if (context.wantsJson) {
        context.writeJson(spoolsJson(found));
        return;
      }
      const shown = found.filter(holdsSomething);
      const blocks = shown.map((one) => {
        const flush = (options: readonly string[]): string =>
          context.spoolCommandLine('flush', options, one.directory);
        const commands = { flush: flush([]), flushDeadLetters: flush(['--dead-letters']) };
        return renderSpool(one, context.drawing, commands).join('\n');
      });
      const places = directories.map((directory) => terminalText(directory)).join(', ');
      context.writeLines([
        blocks.length === 0 ? `nothing waits in ${places}` : blocks.join('\n\n'),
      ]);
    });
}
