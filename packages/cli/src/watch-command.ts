import { type Command } from 'commander';
import { type RunChange, type RunSummary } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { writeToStream } from './export-sink.ts';
import { type LatestFilters, namedRun, readRun } from './named-run.ts';
import { changeJson, renderChange } from './render-change.ts';
import { stateOfRun } from './run-state.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost watch
  milepost watch --pipeline minutes
  milepost watch latest && milepost show latest
  milepost watch latest --pipeline minutes
  milepost watch --json | jq -c 'select(.type == "run_ended") | [.run.run_id, .run.status]'`;

/** Outcomes after which a script should not go on. */
const BAD: ReadonlySet<string> = new Set(['failed', 'cancelled', 'lost']);

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
    .option('--pipeline <name>', 'runs of that pipeline; with latest, the latest of them')
    .option('--subdomain <name>', 'runs of that subdomain; with latest, the latest of them')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: LatestFilters, command: Command) => {
      const named = id === undefined ? undefined : namedRun(id, options, command);
      const context = new CommandContext(io, command);
      const line = (change: RunChange): string =>
        context.wantsJson
          ? JSON.stringify(changeJson(change))
          : renderChange(change, context.drawing);
      await context.withRegistry(async (registry) => {
        const runId = named && (await readRun(registry, named, context)).runId;
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
