import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';

export interface RunOptions {
  /** Directory to run in, absolute. */
  readonly cwd: string;
  /** Added to the environment. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a run left when it ended with exit code 0. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

// What `npm run` tells its scripts about this workspace would lead an npm of another directory astray.
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix|config_prefix)/i.test(name),
  ),
);

/**
 * Runs a program to its end, with no standard input.
 *
 * @throws An error with the command, the exit code and all that was printed, unless the exit code is 0.
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: RunOptions,
): Promise<Output> {
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) {
    const printed = `${output.stdout}\n${output.stderr}`.trim();
    throw new Error(`${[program, ...args].join(' ')}: exit ${code ?? signal}\n${printed}`);
  }
  return output;
}

/** Runs npm, without the questions and notices that are for people. */
export const npm = (args: readonly string[], options: RunOptions): Promise<Output> =>
  run(
    'npm',
    [...args, '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'],
    options,
  );

/** Runs a JavaScript program on a given Node, which is also the `node` of what that program starts. */
export const onNode = (
  node: string,
  args: readonly string[],
  { cwd, env = {} }: RunOptions,
): Promise<Output> => {
  const PATH = [dirname(node), process.env['PATH']].join(delimiter);
  return run(node, args, { cwd, env: { PATH, ...env } });
};
