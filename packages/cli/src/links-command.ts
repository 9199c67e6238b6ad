import { type Command } from 'commander';
import { type RunDetail } from '@milepost/registry';
import { isRunIdError, parseRunId, runTraceId } from '@milepost/run-id';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { GRAFANA_VARIABLE, parseGrafanaUrl } from './grafana-url.ts';
import {
  type LatestFilters,
  type NamedRun,
  LATEST,
  addLatestFilters,
  findRun,
  namedRun,
  noSuchRun,
} from './named-run.ts';
import { type JsonAnswer } from './run-json.ts';
import { type RunLinks, runLinks } from './run-links.ts';
import { stateOfRun } from './run-state.ts';
import { terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';

const EXAMPLES = `
Examples:
  ${GRAFANA_VARIABLE}=http://localhost:3000 milepost links
  milepost links alameda_1737072000_abc123 --grafana https://grafana.example.org
  xdg-open "$(milepost links latest --json | jq -r .links.dashboard)"`;

const OPTION = '--grafana <url>';

interface LinksFlags extends LatestFilters {
  readonly grafana?: string;
}

/** The run to link to. `run` is undefined for one that the registry does not have. */
interface LinkedRun {
  readonly runId: string;
  readonly traceId: string;
  readonly run: RunDetail | undefined;
}

/** @throws CommanderError where none is named, or what is named is no address */
function grafanaOf({ grafana }: LinksFlags, env: CliIo['env'], command: Command): URL {
  const [name, text] =
    grafana === undefined
      ? [GRAFANA_VARIABLE, env[GRAFANA_VARIABLE] ?? '']
      : ['--grafana', grafana];
  if (text.trim() === '') {
    return command.error(
      `error: which Grafana? Name its address with ${OPTION} or ${GRAFANA_VARIABLE}, such as http://localhost:3000`,
    );
  }
  try {
    return parseGrafanaUrl(text.trim(), name);
  } catch (error) {
    return command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Undefined where there is no such run, or no registry at all. */
async function runIfAny(context: CommandContext, named: NamedRun): Promise<RunDetail | undefined> {
  try {
    return await context.withRegistry((registry) => findRun(registry, named));
  } catch (error) {
    // Where the registry is another machine's, the links still hold.
    if (error instanceof CliError && named.id !== LATEST) return undefined;
    throw error;
  }
}

async function linkedRun(context: CommandContext, named: NamedRun): Promise<LinkedRun> {
  const { id } = named;
  const run = await runIfAny(context, named);
  if (run !== undefined) {
    return { runId: run.runId, traceId: run.traceId ?? runTraceId(run.runId), run };
  }
  if (id === LATEST) {
    throw noSuchRun(named, context.root, context.commandLine('runs'));
  }
  try {
    return { runId: parseRunId(id).runId, traceId: runTraceId(id), run };
  } catch (error) {
    if (isRunIdError(error)) throw new CliError(error.message);
    throw error;
  }
}

function linksJson({ runId, traceId, run }: LinkedRun, grafana: URL, links: RunLinks): JsonAnswer {
  return {
    run_id: runId,
    trace_id: traceId,
    is_known: run !== undefined,
    grafana: grafana.href,
    links,
  };
}

function renderLinks({ runId, run }: LinkedRun, root: string, links: RunLinks): readonly string[] {
  const head =
    run === undefined
      ? `${terminalText(runId)} is not known in ${terminalText(root)}: these links follow from its ID alone`
      : `${terminalText(run.runId)} · ${stateOfRun(run)} · ${timeText(run.startTime)} UTC`;
  // An address is whole, however narrow the terminal: it is there to be opened.
  return [
    head,
    '',
    `  dashboard  ${links.dashboard}`,
    `  trace      ${links.trace}`,
    `  logs       ${links.logs}`,
  ];
}

/** Adds `milepost links`: where to look at a run in Grafana. */
export function addLinksCommand(program: Command, io: CliIo): void {
  const linksCommand = program
    .command('links')
    .summary('print the addresses of a run in Grafana: dashboard, trace, logs')
    .description(
      'Print the addresses of a run in Grafana: its dashboard, its trace, its logs. Asks no server.',
    )
    .argument('[run]', 'ID of a run, an alias of it, or latest', LATEST);
  addLatestFilters(linksCommand)
    .option(OPTION, `address of Grafana (default: ${GRAFANA_VARIABLE})`)
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: LinksFlags, command: Command) => {
      const named = namedRun(id, flags, command);
      const context = new CommandContext(io, command);
      const grafana = grafanaOf(flags, context.environment, command);
      const linked = await linkedRun(context, named);
      const { runId, traceId, run } = linked;
      if (run !== undefined) context.reportProblems(run.problems);
      const links = runLinks({
        grafana,
        runId,
        traceId,
        // What others recorded may tell no time: zero stands for that.
        startTime: run === undefined || run.startTime === 0 ? undefined : run.startTime,
        endTime: run?.endTime,
        now: io.now(),
      });
      if (context.wantsJson) context.writeJson(linksJson(linked, grafana, links));
      else context.writeLines(renderLinks(linked, context.root, links));
    });
}
