import { echo } from './echo.ts';
import { epochMs } from './epoch-ms.ts';
import { randomSuffix } from './random-suffix.ts';
import { RunIdError } from './run-id-error.ts';
import { isDeviceName } from './run-id-rules.ts';

const MAX_SUBDOMAIN_LENGTH = 100;

/** 10 digits, until November 2286: the Unix time of an ID always has as many, so that IDs sort. */
const MAX_UNIX_SECONDS = 9_999_999_999;

/** What {@link createRunId} takes. */
export interface CreateRunIdOptions {
  /** The tenant of the run, or the name of its pipeline where it has none. */
  readonly subdomain: string;
  /** The start of the run, as a `Date` or in milliseconds since 1970. Default: now. */
  readonly now?: Date | number | undefined;
  /** Gives six characters of a-z and 0-9. Default: from the system's random source. */
  readonly random?: (() => string) | undefined;
}

/**
 * Makes a run ID of the default format, `{subdomain}_{unix}_{random}`, for example
 * `alameda_1737072000_abc123`. It needs no claim: the random part has 2,176,782,336 values each second.
 *
 * Any string will do as the subdomain: each character outside `A-Z a-z 0-9 . _ -` becomes `-`, it is
 * cut to 100, dots and dashes that would lead are dropped (a leading dash would make the ID an option
 * to every command), a dot becomes `-` where it would make a Windows device name, and an empty one
 * becomes `run`.
 *
 * @throws RunIdError `RUN_ID_ARGUMENT` when `subdomain` is no string, `now` is no time up to 2286, or
 * `random` gives anything else
 */
export function createRunId(options: CreateRunIdOptions): string {
  const { subdomain, now = Date.now(), random } = options;
  const seconds = Math.floor(epochMs(now) / 1000);
  if (seconds > MAX_UNIX_SECONDS) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid time: expected at most ${MAX_UNIX_SECONDS} seconds since 1970, got ${seconds}`,
    );
  }
  const suffix = random === undefined ? randomSuffix() : checkedSuffix(random());
  return `${subdomainPart(subdomain)}_${String(seconds).padStart(10, '0')}_${suffix}`;
}

function subdomainPart(subdomain: string): string {
  if (typeof subdomain !== 'string') {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid subdomain: expected a string, got ${echo(subdomain)}`,
    );
  }
  const part = subdomain
    .slice(0, 2 * MAX_SUBDOMAIN_LENGTH)
    .replaceAll(/[^A-Za-z0-9._-]/gu, '-')
    .slice(0, MAX_SUBDOMAIN_LENGTH)
    .replace(/^[.-]+/, '');
  if (part === '') {
    return 'run';
  }
  // `con.example_...` is the device `con` with an extension; `con_...` is not.
  return part.includes('.') && isDeviceName(part) ? part.replace('.', '-') : part;
}

function checkedSuffix(suffix: string): string {
  if (typeof suffix !== 'string' || !/^[a-z0-9]{6}$/.test(suffix)) {
    throw new RunIdError(
      'RUN_ID_ARGUMENT',
      `Invalid random part: expected six characters of a-z and 0-9, got ${echo(suffix)}`,
    );
  }
  return suffix;
}
