/** Standard error in two parts: lines of Milepost's, and all the rest as it is. */
export function splitStderr(stderr: string): { readonly ours: string[]; readonly rest: string } {
  const lines = stderr.split(/(?<=\n)/);
  const isOurs = (line: string): boolean => line.startsWith('milepost: ');
  return {
    ours: lines.filter(isOurs).map((line) => line.trimEnd()),
    rest: lines.filter((line) => !isOurs(line)).join(''),
  };
}
