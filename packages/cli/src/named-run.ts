import { type Command } from 'commander';
import { type Registry, type RunDetail, type RunSelection } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CommandContext } from './command-context.ts';
import { terminalText } from './terminal-text.ts';

/** The name of the latest run. */
export const LATEST = 'latest';

/** The options that say among which runs the latest is meant. */
export type LatestFilters = Pick<RunSelection, 'pipeline' | 'subdomain'>;

/** A run as a user names it. */
export interface NamedRun {
  /** Its ID, an alias of it, or {@link LATEST}. */
  readonly id: string;
  readonly among: LatestFilters;
}

/** Adds `--pipeline` and `--subdomain` to a command about one run. */
export function addLatestFilters(command: Command): Command {
  return command
    .option('--pipeline <name>', 'with latest: the latest run of that pipeline')
    .option('--subdomain <name>', 'with latest: the latest run of that subdomain');
}

/**
 * The run that arguments and options name.
 * @throws CommanderError where options say which run is the latest, and another one is named
 */
export function namedRun(
  id: string,
  { pipeline, subdomain }: { readonly [Name in keyof LatestFilters]: string | undefined },
  command: Command,
): NamedRun {
  const among = {
    ...(pipeline !== undefined && { pipeline }),
    ...(subdomain !== undefined && { subdomain }),
  };
  if (id !== LATEST && Object.keys(among).length > 0) {
    command.error(
      `error: expected a run, or ${LATEST} with --pipeline and --subdomain, got ${JSON.stringify(terminalText(id, 60))} with them`,
    );
  }
  return { id, among };
}

/** Which runs are meant, in words: ` of pipeline "minutes" and subdomain "alameda"`. */
function amongText(among: LatestFilters): string {
  const parts = Object.entries(among).map(
    ([name, value]) => `${name} "${terminalText(value, 60)}"`,
  );
  return parts.length === 0 ? '' : ` of ${parts.join(' and ')}`;
}

/** The same where there may be none. */
export async function findRun(
  registry: Registry,
  { id, among }: NamedRun,
): Promise<RunDetail | undefined> {
  if (Object.keys(among).length === 0) return registry.readRun(id);
  const latest = await registry.getLatestJob(among);
  return latest === undefined ? undefined : registry.readRun(latest);
}

/** What to say where there is no such run. */
export function noSuchRun({ id, among }: NamedRun, root: string, listCommand: string): CliError {
  const place = terminalText(root);
  const others = `${listCommand} lists those there are.`;
  if (id !== LATEST) return new CliError(`no run "${terminalText(id)}" in ${place}. ${others}`);
  if (Object.keys(among).length > 0) {
    return new CliError(`no run${amongText(among)} in ${place}. ${others}`);
  }
  return new CliError(
    `no run yet in ${place}. Run a pipeline that records there, or name another directory with --root.`,
  );
}

/**
 * Reads a run.
 * @throws {CliError} where there is no such run
 */
export async function readRun(
  registry: Registry,
  named: NamedRun,
  context: CommandContext,
): Promise<RunDetail> {
  const run = await findRun(registry, named);
  if (run !== undefined) return run;
  throw noSuchRun(named, registry.root, context.commandLine('runs'));
}
