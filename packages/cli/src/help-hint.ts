import { type Command } from 'commander';

/** A command as it is typed: `milepost source verify`. */
function typed(command: Command): string {
  return [...(command.parent === null ? [] : [typed(command.parent)]), command.name()].join(' ');
}

/** Whether an error is about what may be an ID, and no mistyped option. */
function mayBeArgument(error: string, command: Command): boolean {
  const isUnknown = error.includes('unknown option') && !error.includes('(Did you mean');
  return isUnknown && command.registeredArguments.length > 0;
}

/** Has every command say after wrong usage of it where its options are told. */
export function addHelpHints(command: Command): void {
  const name = typed(command);
  const hint = `${name} --help tells what there is.`;
  command.showHelpAfterError(hint).configureOutput({
    ...command.configureOutput(),
    outputError: (error, write) => {
      write(error);
      if (!mayBeArgument(error, command)) return;
      write(`What begins with a dash and is no option comes after --: ${name} -- -x\n`);
    },
  });
  command.commands.forEach(addHelpHints);
}
