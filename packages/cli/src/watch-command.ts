import { type Command } from 'commander';
import { type Registry, type RunChange, type RunSummary } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { writeToStream } from './export-sink.ts';
import { changeJson, renderChange } from './render-change.ts';
import { stateOfRun } from './run-state.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost watch
  milepost watch --pipeline minutes
  milepost watch latest && milepost show latest
  milepost watch --json | jq -c 'select(.type == "run_ended") | [.run.run_id, .run.status]'`;

interface Options {
  readonly pipeline?: string;
  readonly subdomain?: string;
}

/** Outcomes after which a script should not go on. */
const BAD: ReadonlySet<string> = new Set(['failed', 'cancelled', 'lost']);

async function runIdOf(registry: Registry, id: string, listCommand: string): Promise<string> {
  const run = await registry.readRun(id);
  if (run !== undefined) return run.runId;
  throw new CliError(
    id === 'latest'
      ? `no run yet in ${registry.root}.`
      : `no run "${terminalText(id)}" in ${registry.root}. ${listCommand} lists those there are.`,
  );
}

/** Whether nothing more is expected of a run. */
function isOver({ state }: RunSummary): boolean {
  return state === 'ended' || state === 'lost';
}

/** Changes of one run up to its end. */
async function* upToItsEnd(
  changes: AsyncIterable<RunChange>,
  note: (run: RunSummary) => void,
): AsyncGenerator<RunChange> {
  for await (const change of changes) {
    yield change;
    note(change.run);
    const isWhole = change.type === 'run_present' || change.type === 'run_changed';
    const ends = change.type === 'run_ended' || change.type === 'run_lost';
    if (ends || (isWhole && isOver(change.run))) return;
  }
}

/** Adds `milepost watch`: changes of runs and stages as they come. */
export function addWatchCommand(program: Command, io: CliIo): void {
  program
    .command('watch')
    .summary('tell changes of runs and stages as they come')
    .description(
      'Tell changes of runs and stages as they come, by any process that records there, a line each: first the runs that have not ended. With a run, end when it does: with 0, or with 1 where it failed, was cancelled or is lost.',
    )
    .argument('[run]', 'ID of a run, an alias of it, or latest; all where none is named')
    .option('--pipeline <name>', 'runs of that pipeline')
    .option('--subdomain <name>', 'runs of that subdomain')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: Options, command: Command) => {
      if (id !== undefined && Object.keys(options).length > 0) {
        command.error('error: expected a run, or --pipeline and --subdomain, got both');
      }
      const context = new CommandContext(io, command);
      const line = (change: RunChange): string =>
        context.wantsJson
          ? JSON.stringify(changeJson(change))
          : renderChange(change, context.drawing);
      await context.withRegistry(async (registry) => {
        const runId = id && (await runIdOf(registry, id, context.commandLine('runs')));
        let last: RunSummary | undefined;
        const changes =
          runId === undefined
            ? registry.watch({ ...options, persistent: true })
            : upToItsEnd(registry.watch({ runId, persistent: true }), (run) => (last = run));
        const lines = async function* (): AsyncGenerator<string> {
          for await (const change of changes) yield `${line(change)}\n`;
        };
        await writeToStream(lines(), io.stdout);
        const state = last === undefined ? '' : last.state === 'lost' ? 'lost' : stateOfRun(last);
        if (!BAD.has(state)) return;
        throw new CliError(`run ${terminalText(runId ?? '')}: ${state}`, 'findings');
      });
    });
}
