import { type Command } from 'commander';
import { type VerifyReport } from '@milepost/registry';
import { CliError } from './cli-error.ts';
import { type CliIo } from './cli-io.ts';
import { CommandContext } from './command-context.ts';
import { counted } from './counted.ts';
import { drawFindings, findingJson } from './finding-lines.ts';
import { type LatestFilters, addLatestFilters, namedRun, readRun } from './named-run.ts';
import { type JsonAnswer } from './run-json.ts';
import { sizeText } from './size-text.ts';

const EXAMPLES = `
Examples:
  milepost verify
  milepost verify latest
  milepost verify latest --pipeline minutes
  milepost verify --no-files
  milepost verify --json | jq -r '.findings[] | select(.severity == "error") | .path'`;

interface VerifyFlags extends LatestFilters {
  readonly files: boolean;
}

function verifyJson({ runs, uploads, files, bytes, ok, findings }: VerifyReport): JsonAnswer {
  return { runs, uploads, files, bytes, ok, findings: findings.map(findingJson) };
}

/** What was looked at: `2 runs, 1 upload and 12 files (1.20 MB)`. */
function scopeText({ runs, uploads, files, bytes }: VerifyReport): string {
  const read = `${counted(files, 'file')} (${sizeText(bytes)})`;
  return `${counted(runs, 'run')}, ${counted(uploads, 'upload')} and ${read}`;
}

function outcomeText({ findings }: VerifyReport): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const notes = findings.length - errors;
  const noted = notes === 0 ? '' : `, ${counted(notes, 'note')}`;
  return errors === 0 ? `all is as it should be${noted}` : `${counted(errors, 'fault')}${noted}`;
}

/** Adds `milepost verify`: whether the record is whole, and nothing was tampered with. */
export function addVerifyCommand(program: Command, io: CliIo): void {
  const verify = program
    .command('verify')
    .summary('check that a registry, or one run, is whole and nobody tampered with it')
    .description(
      'Check that journals are complete, hubs and spokes are what they tell, outputs and uploaded files are as they were, and runs agree with their uploads. Changes nothing. Exits with 1 where something is wrong.',
    )
    .argument('[run]', 'ID of a run, an alias of it, or latest (default: all, and all uploads)');
  addLatestFilters(verify)
    .option('--no-files', 'do not read outputs and uploaded files through')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, options: VerifyFlags, command: Command) => {
      const { files, ...among } = options;
      if (id === undefined && Object.keys(among).length > 0) {
        command.error('error: expected latest with --pipeline and --subdomain, got no run');
      }
      const named = id === undefined ? undefined : namedRun(id, among, command);
      const context = new CommandContext(io, command);
      await context.withRegistry(async (registry) => {
        const run = named && (await readRun(registry, named, context)).runId;
        const report = await registry.verify({ files, ...(run !== undefined && { run }) });
        if (context.wantsJson) context.writeJson(verifyJson(report));
        else {
          const lines = drawFindings(report.findings, context.drawing);
          context.writeLines([
            `${scopeText(report)}: ${outcomeText(report)}`,
            ...(lines.length === 0 ? [] : ['', ...lines]),
          ]);
        }
        if (!report.ok) throw new CliError(outcomeText(report), 'findings');
      });
    });
}
