import { resolve } from 'node:path';
import { type Command } from 'commander';
import {
  type Problem,
  type Registry,
  type RegistryOptions,
  openRegistry,
} from '@milepost/registry';
import { type CliIo, widthOf } from './cli-io.ts';
import { DEFAULT_ROOT, openExistingRegistry } from './existing-registry.ts';
import { paintFor } from './paint.ts';
import { type JsonAnswer } from './run-json.ts';
import { shellWord } from './shell-word.ts';
import { spoolDirectories } from './spool-directories.ts';
import { terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Unreadable files that are named at most. */
const MAX_PROBLEMS = 5;

async function closing<T>(registry: Registry, fn: (registry: Registry) => Promise<T>): Promise<T> {
  try {
    return await fn(registry);
  } finally {
    await registry.close();
  }
}

/** What every command has: its registry, and the ways to answer. */
export class CommandContext {
  readonly #io: CliIo;
  readonly #command: Command;

  constructor(io: CliIo, command: Command) {
    this.#io = io;
    this.#command = command;
  }

  get cwd(): string {
    return this.#io.cwd;
  }

  get wantsJson(): boolean {
    return this.#command.optsWithGlobals()['json'] === true;
  }

  get drawing(): DrawingOptions {
    const { stdout, now } = this.#io;
    return { paint: paintFor(stdout), width: widthOf(stdout), now: now() };
  }

  /** Where spools may lie: the one that was named, or every place where one could be. */
  spoolDirectories(given: string | undefined): readonly string[] {
    const { env, cwd } = this.#io;
    return spoolDirectories({ spool: given, root: this.#givenRoot }, env, cwd);
  }

  /** A line that the next one takes the place of. Shown on terminals only. */
  showProgress(text: string): void {
    const { stderr } = this.#io;
    if (stderr.isTTY !== true || this.wantsJson) return;
    stderr.write(`\r\u001B[K${terminalText(text, widthOf(stderr) - 1)}`);
  }

  get environment(): CliIo['env'] {
    return this.#io.env;
  }

  get #givenRoot(): string | undefined {
    const root: unknown = this.#command.optsWithGlobals()['root'];
    return typeof root === 'string' ? root : undefined;
  }

  /**
   * Gives a function the registry, and closes it.
   * @throws {CliError} where there is none
   */
  async withRegistry<T>(fn: (registry: Registry) => Promise<T>): Promise<T> {
    return closing(await openExistingRegistry(this.#root, this.#io.cwd), fn);
  }

  /** The same for a registry that is made where there is none. */
  async withNewRegistry<T>(
    options: Pick<RegistryOptions, 'itemsKey'>,
    fn: (registry: Registry) => Promise<T>,
  ): Promise<T> {
    return closing(openRegistry({ ...options, root: this.root }), fn);
  }

  /** Absolute. */
  get root(): string {
    return resolve(this.#io.cwd, this.#root);
  }

  get #root(): string {
    const named = this.#io.env['MILEPOST_ROOT'];
    return this.#givenRoot ?? (named === undefined || named === '' ? DEFAULT_ROOT : named);
  }

  /**
   * A command to type next, with the root that this one was given.
   * @param operand what it is about; stands last, as no option even where it begins with a dash
   */
  commandLine(name: string, options: readonly string[] = [], operand?: string): string {
    const root = this.#givenRoot;
    const words = [
      name,
      ...options,
      ...(root === undefined ? [] : ['--root', root]),
      ...(operand?.startsWith('-') === true ? ['--'] : []),
      ...(operand === undefined ? [] : [operand]),
    ];
    return ['milepost', ...words.map((word) => shellWord(word) ?? '…')].join(' ');
  }

  /** The same for a command about one spool. */
  spoolCommandLine(name: string, options: readonly string[], directory: string): string {
    const place = this.#givenRoot === undefined ? ['--spool', directory] : [];
    return this.commandLine(name, [...options, ...place]);
  }

  writeLines(lines: readonly string[]): void {
    this.#io.stdout.write(`${lines.join('\n')}\n`);
  }

  writeJson(answer: JsonAnswer): void {
    this.#io.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  }

  /**
   * Says on stderr what could not be read. In JSON it is part of the answer.
   * @param failed what could not be done with it, where that is something else
   */
  reportProblems(problems: readonly Problem[], failed: string = 'could not read'): void {
    if (!this.wantsJson) this.tellProblems(problems, failed, ': see --json');
  }

  /**
   * Says on stderr what could not be read, also where the answer is JSON and does not tell it.
   * @param further where those are told that are not named here
   */
  tellProblems(
    problems: readonly Problem[],
    failed: string = 'could not read',
    further: string = '',
  ): void {
    for (const { path, message } of problems.slice(0, MAX_PROBLEMS)) {
      this.#io.stderr.write(
        `milepost: ${failed} ${terminalText(path)}: ${terminalText(message)}\n`,
      );
    }
    const left = problems.length - MAX_PROBLEMS;
    if (left > 0) this.#io.stderr.write(`milepost: … and ${left} more${further}\n`);
  }
}
