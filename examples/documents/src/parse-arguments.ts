import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { parseRunId } from '@milepost/run-id';
import { samplePdfDirectory } from './pipeline/sample-pdfs.ts';

/** What the command line asks for; paths as they were given. */
export interface Arguments {
  readonly input: string;
  readonly pages: number;
  readonly workers: number;
  /** Processes that recognise pages; undefined where the program does it itself. */
  readonly processes: number | undefined;
  readonly killOne: boolean;
  readonly runId: string | undefined;
  readonly subdomain: string;
  readonly root: string;
  readonly output: string;
  readonly ignoreCache: boolean;
  readonly extractEntities: boolean;
}

interface Options {
  readonly input?: string;
  readonly pages: number;
  readonly workers: number;
  readonly processes?: number;
  readonly killOne: boolean;
  readonly runId?: string;
  readonly subdomain?: string;
  readonly root: string;
  readonly output?: string;
  readonly ignoreCache: boolean;
  readonly entities: boolean;
}

/**
 * Reads the command line, without the program's own name.
 *
 * @throws CommanderError after it has printed what is wrong, or the help (then with `exitCode` 0).
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const command = new Command('npm run demo --')
    .description('Reads PDFs, recognises their first pages, and deploys their texts and fields.')
    .option(
      '--input <directory>',
      'PDFs to read (default: those that come with the package pdf-parse)',
      nonEmpty,
    )
    .option(
      '--pages <n>',
      'pages of each document to recognise, from the first; 0 for the text layer alone',
      wholeNumber,
      2,
    )
    .option(
      '--workers <n>',
      'pages to recognise at a time',
      positiveNumber,
      Math.min(2, availableParallelism()),
    )
    .option(
      '--processes <n>',
      'recognise in so many processes that share the run (default: in this one)',
      positiveNumber,
    )
    .option('--kill-one', 'kill one of them in the middle of its work', false)
    .option(
      '--run-id <id>',
      'ID of the run; one that exists gets its next attempt (default: a new one)',
      runId,
    )
    .option(
      '--subdomain <name>',
      'tenant of the run (default: that of the run ID, else the name of the directory)',
      nonEmpty,
    )
    .option('--root <directory>', 'where runs are recorded', nonEmpty, 'data')
    .option('--output <directory>', 'where to deploy to (default: site in the root)', nonEmpty)
    .option('--ignore-cache', 'compile documents again that have been compiled before', false)
    .option('--no-entities', 'do not look for years, addresses and DOIs')
    .exitOverride();
  const options = command.parse(argv, { from: 'user' }).opts<Options>();
  const { pages, workers, processes, killOne, root, ignoreCache, entities } = options;
  if (killOne && processes === undefined) {
    command.error('error: --kill-one needs processes of which one can be killed: --processes <n>');
  }
  return {
    input: options.input ?? samplePdfDirectory(),
    pages,
    workers,
    processes,
    killOne,
    runId: options.runId,
    subdomain: options.subdomain ?? defaultSubdomain(options),
    root,
    output: options.output ?? path.join(root, 'site'),
    ignoreCache,
    extractEntities: entities,
  };
}

function defaultSubdomain({ runId, input }: Options): string {
  const parsed = runId === undefined ? undefined : parseRunId(runId);
  if (parsed?.format === 'subdomain') return parsed.subdomain;
  // The root of a file system has no name.
  return input === undefined ? 'samples' : path.basename(path.resolve(input)) || 'documents';
}

function runId(text: string): string {
  try {
    return parseRunId(text).runId;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function nonEmpty(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected a name, got nothing.');
  return text;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0 on.');
  return Number(text);
}

function positiveNumber(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 64)
    throw new InvalidArgumentError('Expected a whole number from 1 to 64.');
  return number;
}
