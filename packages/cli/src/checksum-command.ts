import { type Command } from 'commander';
import { type ChecksumHistory } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { checksumOf } from './file-checksum.ts';
import { renderChecksum } from './render-checksum.ts';
import { type JsonAnswer, problemsJson } from './run-json.ts';
import { isoTime } from './time-text.ts';

const EXAMPLES = `
Examples:
  milepost checksum 03-invalid.pdf
  milepost checksum 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  milepost checksum output.json --json | jq -r '.sightings[].job_id'`;

function checksumJson(sha256: string, { sightings, problems }: ChecksumHistory): JsonAnswer {
  return {
    sha256,
    sightings: sightings.map(({ role, jobId, stage, itemId, path, time }) => ({
      role,
      job_id: jobId,
      stage: stage ?? null,
      item_id: itemId ?? null,
      path: path ?? null,
      timestamp: isoTime(time) ?? null,
    })),
    problems: problemsJson(problems),
  };
}

/** Adds `milepost checksum`: which uploads and runs had a file, as input, source or output. */
export function addChecksumCommand(program: Command, io: CliIo): void {
  program
    .command('checksum')
    .summary('show which runs had a file, by its SHA-256')
    .description(
      'Show which uploads and runs had a file, as input, source or output, by its SHA-256.',
    )
    .argument('<sha256 or file>', 'a SHA-256 in hex, or the path of a file')
    .addHelpText('after', EXAMPLES)
    .action(async (given: string, _options: unknown, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const sha256 = await checksumOf(given, context.cwd);
        const history = await registry.findRunsForChecksum(sha256);
        context.reportProblems(history.problems);
        if (history.sightings.length === 0) {
          throw new CliError(
            `no run and no upload in ${registry.root} had a file of SHA-256 ${sha256}`,
          );
        }
        if (context.wantsJson) context.writeJson(checksumJson(sha256, history));
        else context.writeLines(renderChecksum(sha256, history.sightings, context.drawing));
      });
    });
}
