import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { SOURCE_IDS_VALUES, type SourceIds } from '@milepost/registry';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { problemsJson } from './run-json.ts';

const EXAMPLES = `
Examples:
  milepost source add uploads
  milepost source add uploads --citekeys --ids stem --job 2026-01-01_20-48-14 --bucket cna-sources
  milepost source add a.pdf b.pdf`;

interface AddOptions {
  readonly job?: string;
  readonly bucket?: string;
  readonly endpointUrl?: string;
  readonly ids: SourceIds;
  readonly citekeys?: boolean;
}

/** Adds `milepost source add`: records files as an upload, with their checksums. */
export function addSourceAddCommand(source: Command, io: CliIo): void {
  source
    .command('add')
    .summary('record files as an upload, with their checksums')
    .description(
      'Record files, and all files below directories, as an upload, with checksum, size and place of each. Hidden files and links are left out. Moves no file. Makes the registry where there is none.',
    )
    .argument('<paths...>', 'files and directories')
    .option('--job <id>', 'ID of the upload (default: one made of the time)')
    .option('--bucket <name>', 'bucket that they are uploaded to')
    .option('--endpoint-url <url>', 'endpoint of the bucket')
    .addOption(
      new Option('--ids <kind>', 'call items by their file: with or without its extension')
        .choices(SOURCE_IDS_VALUES)
        .default('name'),
    )
    .option('--citekeys', 'write the list of items under "citekeys"')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: readonly string[], options: AddOptions, command: Command) => {
      const context = new CommandContext(io, command);
      const { job, bucket, endpointUrl, ids, citekeys } = options;
      const itemsKey = citekeys === true ? 'citekeys' : 'items';
      await context.withNewRegistry({ itemsKey }, async (registry) => {
        const saved = await registry.saveSourceFiles({
          paths: paths.map((path) => resolve(context.cwd, path)),
          ids,
          ...(job !== undefined && { jobId: job }),
          ...(bucket !== undefined && { bucket }),
          ...(endpointUrl !== undefined && { endpointUrl }),
        });
        context.reportProblems(saved.problems);
        const { jobId, total, uploaded, skipped, problems } = saved;
        if (context.wantsJson) {
          const answer = { job_id: jobId, total, uploaded, skipped };
          context.writeJson({ ...answer, problems: problemsJson(problems) });
          return;
        }
        context.writeLines([
          `${jobId}: ${counted(total, 'file')}, ${uploaded} uploaded, ${skipped} skipped as uploaded before`,
        ]);
      });
    });
}
