import { resolve } from 'node:path';
import { type Command } from 'commander';
import { type SourceReport } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { drawFindings, findingJson } from './finding-lines.ts';
import { terminalText } from './terminal-text.ts';

const EXAMPLES = `
Examples:
  milepost source verify 2026-01-01_20-48-14
  milepost source verify 2026-01-01_20-48-14 --in /mnt/archive/uploads`;

function summaryText({ total, unchanged, findings, unchecked }: SourceReport): string {
  const count = (kind: string): number =>
    findings.filter((finding) => finding.kind === `source_file_${kind}`).length;
  return [
    `${unchanged} of ${counted(total, 'file')} unchanged`,
    ...['changed', 'lost', 'added'].flatMap((kind) =>
      count(kind) === 0 ? [] : `${count(kind)} ${kind}`,
    ),
    ...(unchecked.length === 0 ? [] : [`${unchecked.length} not checked`]),
  ].join(', ');
}

/** Adds `milepost source verify`: which files of an upload were changed, lost or added since. */
export function addSourceVerifyCommand(source: Command, io: CliIo): void {
  source
    .command('verify')
    .summary('say which files of an upload were changed, lost or added since')
    .description(
      'Say which files of an upload were changed, lost or added since. Exits with 1 where a file was changed or lost, or could not be checked.',
    )
    .argument('<job>', 'ID of the upload')
    .option('--in <directory>', 'where its files lie now (default: where they were uploaded from)')
    .addHelpText('after', EXAMPLES)
    .action(async (jobId: string, options: { readonly in?: string }, command: Command) => {
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const directory =
          options.in === undefined ? {} : { directory: resolve(context.cwd, options.in) };
        const report = await registry.verifySource(jobId, directory);
        if (report === undefined) {
          throw new CliError(`no upload "${terminalText(jobId)}" in ${registry.root}.`);
        }
        const { total, unchanged, findings, unchecked } = report;
        if (context.wantsJson) {
          const answer = { job_id: jobId, total, unchanged, unchecked };
          context.writeJson({ ...answer, findings: findings.map(findingJson) });
        } else {
          const lines = drawFindings(findings, context.drawing);
          context.writeLines([
            `${terminalText(jobId)}: ${summaryText(report)}`,
            ...(lines.length === 0 ? [] : ['', ...lines]),
          ]);
        }
        if (findings.some(({ severity }) => severity === 'error')) {
          throw new CliError(summaryText(report), 'findings');
        }
        if (unchecked.length > 0) {
          const what = `${counted(unchecked.length, 'file')} could not be checked: the upload does not tell checksum and place of each`;
          throw new CliError(`${what}. Name their directory with --in.`, 'findings');
        }
      });
    });
}
