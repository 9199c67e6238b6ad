/** What is said after each wrong usage. */
export const HELP_HINT = 'milepost --help tells what there is.';

/** The same for a command that takes an ID. */
export function helpHintWithId(command: string): string {
  return `${HELP_HINT}\nAn ID that begins with a dash comes after --: milepost ${command} -- -x`;
}
