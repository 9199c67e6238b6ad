import { hostname, userInfo } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Registry, type RunSummary, isRegistryError } from '@milepost/registry';
import { RUN_END_STATUS_VALUES, type RunEndStatus } from '@milepost/semconv';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { renderRepair } from './render-repair.ts';
import { repairJson } from './repair-json.ts';
import { assertDone, nextLines } from './repair-outcome.ts';
import { RepairResources } from './repair-resources.ts';
import { type RepairRequest, type RepairedRun, repairOne } from './repair-runs.ts';
import { sendRepaired } from './repair-send.ts';
import { terminalText } from './terminal-text.ts';
import { parseTimeout } from './timeout-option.ts';

const EXAMPLES = `
Examples:
  milepost repair                        what is lost or open, and what would be written
  milepost repair latest
  milepost repair --confirm --reason 'out of memory' alameda_1737072000_abc123
  milepost repair --confirm --send --service civic-pipeline latest
  milepost repair --all --confirm --status cancelled

An end that comes by itself after all takes the place of one that was decided on here. --send goes to the
address that OTEL_EXPORTER_OTLP_ENDPOINT names, else to http://localhost:4318; what is not taken there
waits on disk for milepost flush.`;

const DEFAULT_TIMEOUT_MS = 30_000;

interface RepairFlags {
  readonly all?: boolean;
  readonly confirm?: boolean;
  readonly status?: RunEndStatus;
  readonly reason?: string;
  readonly by?: string;
  readonly send?: boolean;
  readonly again?: boolean;
  readonly service?: string;
  readonly timeout?: number;
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a text, got none.');
  return text;
}

/** Who runs this program: `mira@worker-3`. */
function whoami(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user without an entry in the system's list, as in some containers.
    return `someone@${hostname()}`;
  }
}

/** Whether nobody will end a run, or a stage of one that is over. */
function lacksEnd({ status, state, stages }: RunSummary, withOpen: boolean): boolean {
  // Of an open run that has a status, nothing but steps is known.
  if (status === 'started' && (state === 'lost' || (withOpen && state === 'open'))) return true;
  return state !== 'running' && stages.some((stage) => stage.state === 'lost');
}

/** The runs of which something is lost, and where only asked about also those that are open. */
async function idsOf(registry: Registry, withOpen: boolean): Promise<readonly string[]> {
  const { runs } = await registry.listRuns();
  return runs.filter((run) => lacksEnd(run, withOpen)).map(({ runId }) => runId);
}

async function repairAll(
  registry: Registry,
  ids: readonly string[],
  request: RepairRequest,
): Promise<readonly RepairedRun[]> {
  const done: RepairedRun[] = [];
  for (const id of ids) done.push(await repairOne(registry, id, request));
  return done;
}

/** Adds `milepost repair`: ends what nobody ended, as somebody decides, and sends the spans of it. */
export function addRepairCommand(program: Command, io: CliIo): void {
  program
    .command('repair')
    .summary('end a run that nobody ended, and send its missing spans')
    .description(
      'Say which runs and stages have no end because their process is gone, which runs are open as no job ended them, and what would be written. With --confirm, write it; with --send, send the spans and logs that were never sent, with their own times. A run is refused while a process lives that may still end it. Jobs of queues get no end.',
    )
    .argument(
      '[run]',
      'ID of a run, an alias of it, or latest (default: say which are lost or open)',
    )
    .option('--all', 'every run that is lost, or has a stage that is')
    .option('--confirm', 'write the ends')
    .addOption(
      new Option(
        '--status <status>',
        'how everything without an end ended (default: failed for what is lost; an open run by its stages, cancelled where nothing of it ever began)',
      ).choices(RUN_END_STATUS_VALUES),
    )
    .option('--reason <text>', 'why, in words', nonEmpty)
    .option('--by <name>', 'who decides (default: the user and the machine)', nonEmpty)
    .option('--send', 'send the spans and logs of what is repaired')
    .option('--again', 'with --send: also what was sent before')
    .option(
      '--service <name>',
      'service.name of what is sent (default: OTEL_SERVICE_NAME)',
      nonEmpty,
    )
    .option('--timeout <seconds>', 'give up sending after so long (default: 30)', parseTimeout)
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, flags: RepairFlags, command: Command) => {
      const context = new CommandContext(io, command);
      const { all = false, confirm = false, send = false, again = false, status, reason } = flags;
      if (id !== undefined && all) command.error('error: expected a run or --all, got both');
      if (id === undefined && !all && (confirm || send)) {
        command.error('error: expected a run, or --all for every run that is lost, got neither');
      }
      if (again && !send) command.error('error: --again belongs to --send');
      const resources = send ? new RepairResources(flags.service, io.env, confirm) : undefined;
      await context.withRegistry(async (registry) => {
        const request: RepairRequest = {
          decision: confirm
            ? {
                by: flags.by ?? whoami(),
                ...(reason !== undefined && { reason }),
                ...(status !== undefined && { status }),
              }
            : undefined,
          status,
          again,
          send:
            resources &&
            ((spans) =>
              sendRepaired(spans, {
                env: io.env,
                root: registry.root,
                resources,
                timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
                now: io.now(),
              })),
        };
        const ids = id === undefined ? await idsOf(registry, !all) : [id];
        const runs = await repairAll(registry, ids, request).catch((error: unknown) => {
          if (!isRegistryError(error) || error.code !== 'run_not_found') throw error;
          throw new CliError(`no run "${terminalText(id ?? '')}" in ${registry.root}.`);
        });
        if (context.wantsJson) context.writeJson(repairJson(runs));
        else if (runs.length === 0) {
          context.writeLines([
            `nothing is lost${all ? '' : ' or open'} in ${terminalText(registry.root)}`,
          ]);
        } else {
          const blocks = runs.map((run) => renderRepair(run, context.drawing).join('\n'));
          const next = nextLines(runs, request, (options, runId) =>
            context.commandLine('repair', options, runId),
          );
          context.writeLines([blocks.join('\n\n'), ...next]);
        }
        assertDone(runs, request);
      });
    });
}
