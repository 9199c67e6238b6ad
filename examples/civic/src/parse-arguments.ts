import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseRunId } from '@milepost/run-id';

/** What the command line asks for; paths as they were given. */
export interface Arguments {
  readonly subdomain: string;
  readonly runId: string | undefined;
  readonly workers: number;
  readonly killOne: boolean;
  readonly textLayer: boolean;
  readonly allYears: boolean;
  readonly allAgendas: boolean;
  readonly broken: boolean;
  /** Undefined for one of the program's own. */
  readonly site: string | undefined;
  readonly ignoreCache: boolean;
  readonly extractEntities: boolean;
  readonly root: string;
  readonly output: string;
}

interface Options extends Omit<
  Arguments,
  'subdomain' | 'runId' | 'site' | 'textLayer' | 'extractEntities' | 'output'
> {
  readonly subdomain?: string;
  readonly runId?: string;
  readonly site?: string;
  readonly text: boolean;
  readonly entities: boolean;
  readonly output?: string;
}

/**
 * Reads the command line, without the program's own name.
 *
 * @throws CommanderError after it has printed what is wrong, or the help (then with `exitCode` 0)
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const command = new Command('npm run civic --')
    .description("Reads the documents of a city's web site by jobs on BullMQ, and deploys them.")
    .option('--subdomain <name>', 'tenant of the run (default: that of the run ID, else alameda)')
    .option(
      '--run-id <id>',
      'ID of the run; one that exists gets its next attempt (default: a new one)',
      runId,
    )
    .option('--workers <n>', 'worker processes', positiveNumber, 2)
    .option('--kill-one', 'kill one of them in the middle of the pages', false)
    .option('--text', 'take the text layer of a page instead of recognising it: quick', false)
    .option('--all-years', 'documents of all years, instead of the newest', false)
    .option('--all-agendas', 'agendas too, instead of minutes alone', false)
    .option('--broken', 'the site has a dead link and a broken PDF', false)
    .option(
      '--site <url>',
      'index of PDFs to read (default: a site of its own on this machine)',
      url,
    )
    .option('--ignore-cache', 'compile pages again that have been compiled before', false)
    .option('--no-entities', 'do not look for years, addresses and DOIs')
    .option('--root <directory>', 'where runs are recorded', nonEmpty, 'data')
    .option(
      '--output <directory>',
      'where to deploy to (default: civic/site in the root)',
      nonEmpty,
    )
    .exitOverride();
  const given = command.parse(argv, { from: 'user' }).opts<Options>();
  const { text, entities, ...options } = given;
  if (options.killOne && options.workers < 2) {
    command.error('error: --kill-one needs another worker that goes on: --workers <n>');
  }
  return {
    ...options,
    subdomain: options.subdomain ?? subdomainOf(options.runId),
    runId: options.runId,
    site: options.site,
    textLayer: text,
    extractEntities: entities,
    output: options.output ?? path.join(options.root, 'civic', 'site'),
  };
}

function subdomainOf(given: string | undefined): string {
  const parsed = given === undefined ? undefined : parseRunId(given);
  return parsed?.format === 'subdomain' ? parsed.subdomain : 'alameda';
}

function runId(text: string): string {
  try {
    return parseRunId(text).runId;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function url(text: string): string {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed.href;
  throw new InvalidArgumentError('Expected a URL that begins with http:// or https://.');
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a name, got nothing.');
  return text;
}

function positiveNumber(text: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > 64)
    throw new InvalidArgumentError('Expected a whole number from 1 to 64.');
  return number;
}
