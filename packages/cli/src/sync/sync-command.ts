import { type Command, InvalidArgumentError } from 'commander';
import { CliError } from '../cli-error.ts';
import { type CliIo } from '../cli-io.ts';
import { CommandContext } from '../command-context.ts';
import {
  type BucketPlace,
  type Destination,
  destinationOf,
  parseBucketPlace,
  parseEndpoint,
} from './destination.ts';
import { withInterrupt } from './interrupt-signal.ts';
import { SyncProgress } from './sync-progress.ts';
import { errorLines, syncJson, syncLines } from './sync-report.ts';
import { type SyncOutcome, syncRuns } from './sync-runs.ts';

const EXAMPLES = `
Examples:
  milepost sync --to s3://my-bucket/data
  milepost sync latest --stage ocr --skip-images --quiet
  milepost sync --all --dry-run
  milepost sync --to s3://my-bucket --endpoint https://s3.us-west-004.backblazeb2.com

Credentials come from where the AWS tools have them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,
AWS_PROFILE, and so on. AWS_ENDPOINT_URL and AWS_REGION count too. The key must be allowed to list, read
and write.`;

const DEFAULT_CONCURRENCY = 8;
const MAX_CONCURRENCY = 64;

interface SyncFlags {
  readonly to?: BucketPlace;
  readonly endpoint?: string;
  readonly region?: string;
  readonly all?: boolean;
  readonly jobId?: string;
  readonly stage?: string;
  readonly skipImages?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly concurrency: number;
}

function parseConcurrency(text: string): number {
  const number = /^[1-9]\d?$/.test(text) ? Number(text) : Number.NaN;
  if (number <= MAX_CONCURRENCY) return number;
  throw new InvalidArgumentError(`Expected a whole number from 1 to ${MAX_CONCURRENCY}.`);
}

function destinationFrom(flags: SyncFlags, env: CliIo['env'], command: Command): Destination {
  try {
    return destinationOf(flags, env);
  } catch (error) {
    command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The runs that are meant, as they were named. */
function runsFrom(
  given: readonly string[],
  flags: SyncFlags,
  command: Command,
): readonly string[] | 'all' {
  const named = [...given, ...(flags.jobId === undefined ? [] : [flags.jobId])];
  if (flags.all === true && named.length > 0) {
    command.error('error: name runs, or --all, not both');
  }
  if (flags.all === true) return 'all';
  return named.length === 0 ? ['latest'] : [...new Set(named)];
}

/** Adds `milepost sync`: brings results and record of runs into a bucket. */
export function addSyncCommand(program: Command, io: CliIo): void {
  program
    .command('sync')
    .summary('bring results and record of runs into an S3-like bucket')
    .description(
      'Bring results and record of runs into a bucket of S3, Backblaze B2 or another store that speaks like S3. Only what is missing there or different goes up, each file with its checksum. Recorded as a step of each run that had results to upload: sync_results, or sync_ocr with --stage ocr.',
    )
    .argument('[runs...]', 'IDs of runs, aliases of them, or latest (default: latest)')
    .option('--to <url>', 's3://bucket/prefix (default: MILEPOST_SYNC_TO)', parseBucketPlace)
    .option('--endpoint <url>', 'address of the store, where it is not AWS', parseEndpoint)
    .option('--region <name>', 'region of the bucket')
    .option('--all', 'all runs, and the records of all uploads')
    .option('--job-id <id>', 'the same as naming the run')
    .option('--stage <name>', 'results of that stage alone, with the whole record')
    .option('--skip-images', 'leave images out')
    .option('--dry-run', 'say what would go up, and change nothing')
    .option('--quiet', 'no progress, and no summary')
    .option(
      '--concurrency <number>',
      'so many files at once, up to 64',
      parseConcurrency,
      DEFAULT_CONCURRENCY,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (given: readonly string[], flags: SyncFlags, command: Command) => {
      const context = new CommandContext(io, command);
      const destination = destinationFrom(flags, io.env, command);
      const runs = runsFrom(given, flags, command);
      const { stage, skipImages = false, dryRun = false, quiet = false, concurrency } = flags;
      const progress = new SyncProgress(io.now, (line) => {
        if (!quiet) context.showProgress(line);
      });
      const outcome = await context.withRegistry((registry) =>
        withInterrupt((interrupt) =>
          syncRuns({
            registry,
            destination,
            runs,
            stage,
            skipImages,
            dryRun,
            concurrency,
            progress,
            interrupt,
          }),
        ),
      );
      tell(context, outcome, { destination, dryRun, quiet });
    });
}

function tell(
  context: CommandContext,
  { runs, stopped }: SyncOutcome,
  how: { readonly destination: Destination; readonly dryRun: boolean; readonly quiet: boolean },
): void {
  const report = { ...how, runs };
  if (stopped === undefined || runs.length > 0) {
    if (context.wantsJson) context.writeJson(syncJson(report));
    else if (!how.quiet) context.writeLines(syncLines(report));
  }
  if (stopped !== undefined) throw stopped.error;
  const left = errorLines(runs);
  if (left !== undefined) throw new CliError(left, 'left');
}
