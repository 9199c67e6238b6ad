import { type Command } from 'commander';
import { type Registry, type RunDiff, isRegistryError } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { diffJson } from './diff-json.ts';
import { renderDiff } from './render-diff.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost diff alameda_1737072000_abc123 latest
  milepost diff 2026-01-01_21-37-23 2026-01-02_21-37-23
  milepost diff a b --json | jq '.stages[] | select(.config != []) | .stage'`;

async function diffRuns(
  registry: Registry,
  runs: readonly [string, string],
  listCommand: string,
): Promise<RunDiff> {
  try {
    return await registry.diffRuns(...runs);
  } catch (error) {
    if (!isRegistryError(error) || error.code !== 'run_not_found') throw error;
    throw new CliError(`${terminalText(error.message)}. ${listCommand} lists those there are.`);
  }
}

/** Adds `milepost diff`: what changed between two runs. */
export function addDiffCommand(program: Command, io: CliIo): void {
  program
    .command('diff')
    .summary('show what changed between two runs, stage by stage')
    .description(
      'Show what changed between two runs, stage by stage: states, durations, configs, counts, items, checksums.',
    )
    .argument('<before>', 'ID of a run, an alias of it, or latest')
    .argument('<after>', 'ID of the run to compare with it')
    .addHelpText('after', EXAMPLES)
    .action(async (before: string, after: string, _options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const diff = await diffRuns(registry, [before, after], context.commandLine('runs'));
        if (context.wantsJson) context.writeJson(diffJson(diff));
        else context.writeLines(renderDiff(diff, context.drawing));
      });
    });
}
