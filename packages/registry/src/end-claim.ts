import { type JobIdentity } from '@milepost/core/hooks';
import { END_CLAIM_VERSION, type EndClaim, endClaimSchema } from '@milepost/semconv/schemas';
import { type RegistryFileSystem } from './file-system.ts';
import { parseJson } from './parse-json.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { ownIdentity, writerKeys, writerOfKeys } from './writer-identity.ts';
import { goneBy, isHere, thisMachine } from './writer-life.ts';

/** How long whoever claimed an end has to record it where nobody can tell whether it lives, in milliseconds. */
const MAX_CLAIM_MS = 60_000;

/** What the file says by which this thread claims an end. */
export function claimText(job: JobIdentity | undefined): string {
  const claim: EndClaim = {
    version: END_CLAIM_VERSION,
    ...writerKeys(ownIdentity()),
    ...(job && { queue: job.queue, job_id: job.jobId, job_attempt: job.attempt }),
  };
  return JSON.stringify(claim);
}

function readClaim(fs: RegistryFileSystem, path: string): EndClaim | undefined {
  const text = fs.sync.readFile(path).toString('utf8');
  try {
    return endClaimSchema.safeParse(parseJson(text)).data;
  } catch {
    // Empty, as an earlier version makes them, or cut short: by its age alone.
    return undefined;
  }
}

/** A queue runs a job again when it has given up the try before. */
function isLaterTry(claim: EndClaim, job: JobIdentity | undefined): boolean {
  return (
    job !== undefined &&
    claim.queue === job.queue &&
    claim.job_id === job.jobId &&
    claim.job_attempt !== undefined &&
    claim.job_attempt < job.attempt
  );
}

/**
 * Whether whoever made a claim is not going to record the end any more, where it has not by now: its process is gone; or a later
 * try of its job asks, and nothing tells of the process; or the claim is older than a minute.
 */
export function mayBeTakenOver(
  { fs, clock }: Pick<RegistryEnvironment, 'fs' | 'clock'>,
  path: string,
  job: JobIdentity | undefined,
): boolean {
  const claimedAt = fs.sync.lstat(path).mtimeMs;
  if (clock.now() - claimedAt >= MAX_CLAIM_MS) return true;
  const claim = readClaim(fs, path);
  if (claim === undefined) return false;
  const machine = thisMachine(() => clock.now());
  const writer = writerOfKeys(claim);
  if (goneBy(machine, writer, claimedAt) !== undefined) return true;
  return !isHere(machine, writer) && isLaterTry(claim, job);
}
