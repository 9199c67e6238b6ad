/** Where a line of output goes: a stream, and what is known of the terminal behind it. */
export interface CliStream extends NodeJS.WritableStream {
  /** Set where the stream is a terminal. */
  readonly isTTY?: boolean;
  /** Width of the terminal in columns. */
  readonly columns?: number;
}

/** What a command takes from its surroundings. */
export interface CliIo {
  /** Answers: text for people, or JSON alone. */
  readonly stdout: CliStream;
  /** Errors and what could not be read. */
  readonly stderr: CliStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory that relative paths start from. */
  readonly cwd: string;
  /** The present time in milliseconds since the Unix epoch: how long something has been running. */
  readonly now: () => number;
}

/** Width of what is not a terminal, such as a file or a pipe, and of terminals that tell none. */
const DEFAULT_WIDTH = 80;
/** Narrower than this nothing fits; the terminal may then break lines. */
const LEAST_WIDTH = 40;

/** The width in columns to write for. */
export function widthOf(stream: CliStream): number {
  const columns = stream.columns;
  if (columns === undefined || columns === 0) return DEFAULT_WIDTH;
  return Math.max(LEAST_WIDTH, columns);
}
