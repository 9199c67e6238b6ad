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
  try {
    const text = fs.sync.readFile(path).toString('utf8');
    return endClaimSchema.safeParse(parseJson(text)).data;
  } catch {
    // Empty, as an earlier version makes them, cut short, or not for us to read: by its age alone.
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
 * Whether whoever made a claim is not going to record the end any more, where it has not by now. On the same machine the table
 * of processes tells: one that lives keeps its claim, however busy it is. Where nothing tells of the process, a later try of
 * its job may go on, and whoever asks after a minute.
 */
export function mayBeTakenOver(
  { fs, clock }: Pick<RegistryEnvironment, 'fs' | 'clock'>,
  path: string,
  job: JobIdentity | undefined,
): boolean {
  const claimedAt = fs.sync.lstat(path).mtimeMs;
  const claim = readClaim(fs, path);
  if (claim !== undefined) {
    const machine = thisMachine(() => clock.now());
    const writer = writerOfKeys(claim);
    if (goneBy(machine, writer, claimedAt) !== undefined) return true;
    if (isHere(machine, writer)) return false;
    if (isLaterTry(claim, job)) return true;
  }
  return clock.now() - claimedAt >= MAX_CLAIM_MS;
}
