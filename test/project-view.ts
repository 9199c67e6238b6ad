import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root. */
export const PROJECT: string = fileURLToPath(new URL('..', import.meta.url));

/** What a command left. */
export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory in which the project's commands run as in a clone, and leave their files. */
export interface ProjectView extends AsyncDisposable {
  readonly directory: string;
  /** Runs a command line by the shell. */
  run(command: string, environment?: Readonly<Record<string, string>>): Promise<CommandResult>;
}

/** Makes a directory that has the project's sources by links, and nothing that a run leaves behind. */
export async function openProjectView(): Promise<ProjectView> {
  const directory = await mkdtemp(join(tmpdir(), 'milepost-readme-'));
  for (const name of ['node_modules', 'packages', 'examples', 'test', '.ci', 'tsconfig.json']) {
    await symlink(join(PROJECT, name), join(directory, name));
  }
  await cp(join(PROJECT, 'package.json'), join(directory, 'package.json'));
  return {
    directory,
    run: (command, environment = {}) => runCommand(command, directory, environment),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

async function runCommand(
  command: string,
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const child = spawn(command, {
    cwd,
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...withoutOurs(process.env), ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode: typeof exitCode === 'number' ? exitCode : null, stdout, stderr };
}

// What the surrounding program says about its own telemetry, npm run or colours is not about the command.
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(?:npm_|OTEL_|MILEPOST_|VITEST|FORCE_COLOR|NODE_OPTIONS)/.test(name),
    ),
  );
}
