import { type Command, InvalidArgumentError } from 'commander';
import { type Registry } from '@milepost/registry';
import { CliError } from '../cli-error.ts';
import { type CliIo } from '../cli-io.ts';
import { CommandContext } from '../command-context.ts';
import { helpHintWithId } from '../help-hint.ts';
import {
  type BucketPlace,
  type Destination,
  destinationOf,
  keyOf,
  parseBucketPlace,
  parseEndpoint,
} from './destination.ts';
import { withInterrupt } from './interrupt-signal.ts';
import { type RunSync } from './run-sync.ts';
import { Slots } from './slots.ts';
import { SyncProgress } from './sync-progress.ts';
import { errorLines, syncJson, syncLines } from './sync-report.ts';
import { type SyncPlan, syncRun } from './sync-run.ts';
import { syncSources } from './sync-sources.ts';

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
function runsFrom(given: readonly string[], flags: SyncFlags, command: Command): readonly string[] {
  const named = [...given, ...(flags.jobId === undefined ? [] : [flags.jobId])];
  if (flags.all === true && named.length > 0) {
    command.error('error: name runs, or --all, not both');
  }
  return named.length === 0 ? ['latest'] : [...new Set(named)];
}

/** What became of the runs up to the end, or up to what ended it. */
interface SyncOutcome {
  readonly runs: readonly RunSync[];
  readonly stopped: { readonly error: unknown } | undefined;
}

async function syncAll(
  plan: SyncPlan,
  flags: SyncFlags,
  given: readonly string[],
): Promise<SyncOutcome> {
  const runs: RunSync[] = [];
  try {
    await plan.uploads.transfer.store.check(plan.uploads.interrupt);
    if (flags.all === true) runs.push(await syncSources(plan));
    const ids = flags.all === true ? await plan.registry.listAllJobs() : given;
    for (const id of ids) runs.push(await syncRun(plan, id));
    return { runs, stopped: undefined };
  } catch (error) {
    return { runs, stopped: { error } };
  }
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
    .showHelpAfterError(helpHintWithId('sync'))
    .action(async (given: readonly string[], flags: SyncFlags, command: Command) => {
      const context = new CommandContext(io, command);
      const destination = destinationFrom(flags, io.env, command);
      const runs = runsFrom(given, flags, command);
      await context.withRegistry((registry) =>
        withInterrupt(async (interrupt) => {
          const outcome = await withPlan(
            { registry, context, now: io.now, destination, flags, interrupt },
            (plan) => syncAll(plan, flags, runs),
          );
          tell(context, { destination, flags, outcome });
        }),
      );
    });
}

interface Surroundings {
  readonly registry: Registry;
  readonly context: CommandContext;
  readonly now: () => number;
  readonly destination: Destination;
  readonly flags: SyncFlags;
  readonly interrupt: AbortSignal;
}

async function withPlan<T>(
  { registry, context, now, destination, flags, interrupt }: Surroundings,
  use: (plan: SyncPlan) => Promise<T>,
): Promise<T> {
  const show = (line: string): void => {
    if (flags.quiet !== true) context.showProgress(line);
  };
  const progress = new SyncProgress(now, show);
  // The client of S3 takes longer to load than all other commands together.
  const { S3Store } = await import('./s3-store.ts');
  const store = new S3Store(destination);
  const { root } = registry;
  try {
    return await use({
      registry,
      destination,
      uploads: {
        transfer: { root, store, keyOf: (path) => keyOf(destination, path) },
        slots: new Slots(flags.concurrency),
        progress,
        interrupt,
      },
      step: flags.stage === undefined ? 'sync_results' : `sync_${flags.stage}`,
      stage: flags.stage,
      skipImages: flags.skipImages === true,
      dryRun: flags.dryRun === true,
    });
  } finally {
    progress.end();
    store.close();
  }
}

function tell(
  context: CommandContext,
  {
    destination,
    flags,
    outcome: { runs, stopped },
  }: {
    readonly destination: Destination;
    readonly flags: SyncFlags;
    readonly outcome: SyncOutcome;
  },
): void {
  const report = { destination, dryRun: flags.dryRun === true, runs };
  if (stopped === undefined || runs.length > 0) {
    if (context.wantsJson) context.writeJson(syncJson(report));
    else if (flags.quiet !== true) context.writeLines(syncLines(report));
  }
  if (stopped !== undefined) throw stopped.error;
  const left = errorLines(runs);
  if (left !== undefined) throw new CliError(left, 'left');
}
