import { resolve } from 'node:path';
import { type Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { type CliIo } from '../cli-io.ts';
import { CommandContext } from '../command-context.ts';
import { SPOOL_OPTION } from '../spool-command.ts';
import { NO_SPOOL, namedSpool } from '../spool-directories.ts';
import { checkCollector } from './collector.ts';
import { checkNode, checkSampling } from './environment.ts';
import { type DoctorFinding, noteworthy } from './finding.ts';
import { checkPackages } from './packages.ts';
import { checkProgram } from './program.ts';
import { checkRegistry } from './registry-place.ts';
import { doctorJson, drawDoctor, outcomeText } from './render-findings.ts';
import { checkSpool } from './spool.ts';

const EXAMPLES = `
Examples:
  milepost doctor
  milepost doctor -- node app.js --year 2026
  OTEL_EXPORTER_OTLP_ENDPOINT=https://collector:4318 milepost doctor
  milepost doctor --json | jq -r '.findings[] | select(.severity == "error") | .todo'

Type it where the pipeline runs: same directory, same user, same environment. Which SDK a program registers, with
which ID generator and sampler, only the program knows: a command after -- is run to its end, as it would run
without this, and watched from within. What it writes goes to stderr.`;

const NO_PROGRAM = noteworthy(
  'program',
  'not looked at: which SDK it registers, with which ID generator and sampler, only it knows',
  'milepost doctor -- node app.js runs it, and looks from within.',
);

/** Adds `milepost doctor`: why telemetry does not arrive, and what to do about it. */
export function addDoctorCommand(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .summary('say what is wrong with telemetry here, and what to do about it')
    .description(
      'Look at collector, clocks, sampling, installed packages, registry and spool, and at a program where one is named; say what to do about each thing that is wrong. Sends empty requests, and writes nothing that it does not remove. Exits with 1 where something is wrong.',
    )
    .argument('[command...]', 'a program to run and to look into, after --')
    .option(...SPOOL_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(
      async (
        words: readonly string[],
        { spool }: { readonly spool?: string },
        command: Command,
      ) => {
        const context = new CommandContext(io, command);
        const todo = {
          show: (directory: string) => context.spoolCommandLine('spool', [], directory),
          flush: (directory: string) => context.spoolCommandLine('flush', [], directory),
        };
        // The program first: what it leaves on disk, the look at the spool finds.
        const inside = words.length === 0 ? [NO_PROGRAM] : await checkProgram(words, io);
        const others = await Promise.all([
          checkPackages(io.cwd),
          checkCollector(io),
          checkRegistry(context.root),
          checkSpool(context.spoolDirectories(spool), {
            todo,
            now: io.now(),
            root: context.root,
            named: spool === undefined ? namedSpool(io.env, io.cwd) : resolve(io.cwd, spool),
            isOff: spool === undefined && io.env['MILEPOST_SPOOL']?.trim() === NO_SPOOL,
          }),
        ]);
        const findings: readonly DoctorFinding[] = [
          ...checkNode(process.versions.node),
          ...checkSampling(io.env),
          ...others.flat(),
          ...inside,
        ];
        const outcome = outcomeText(findings);
        if (context.wantsJson) context.writeJson(doctorJson(findings));
        else context.writeLines([outcome, '', ...drawDoctor(findings, context.drawing)]);
        if (findings.some(({ severity }) => severity === 'error')) {
          throw new CliError(outcome, 'findings');
        }
      },
    );
}
