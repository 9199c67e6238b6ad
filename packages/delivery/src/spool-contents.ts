import { type LossReason } from '@milepost/semconv';
import { type OwnerLife } from './owner-life.ts';
import { type OwnerIdentity } from './owner.ts';
import { type Waiting } from './request-store.ts';
import { type Signal } from './signal.ts';

/** What one process has waiting, or left. */
export interface SpoolHolder extends Waiting {
  /** `released` where it let go of what is left: the next process takes it over. */
  readonly life: OwnerLife;
  /** Undefined where it released, or its owner file cannot be read. */
  readonly identity: OwnerIdentity | undefined;
}

/** What waits for one URL. */
export interface SpoolDestination {
  readonly signal: Signal;
  /** Without user, password, query; undefined where nobody wrote it down. */
  readonly url: string | undefined;
  readonly holders: readonly SpoolHolder[];
}

/** Requests for one URL that nobody sends any more, of one reason. */
export interface SpoolDeadLetters extends Waiting {
  readonly signal: Signal;
  readonly url: string | undefined;
  /** `damaged` for files that are not what was written. */
  readonly reason: LossReason;
  /** What the collector or the sender said, each once, five at most. */
  readonly messages: readonly string[];
}

/** What lies in a spool. */
export interface SpoolInspection {
  readonly directory: string;
  /** What it takes on the disk, in blocks of 4 KiB. */
  readonly bytes: number;
  readonly destinations: readonly SpoolDestination[];
  readonly deadLetters: readonly SpoolDeadLetters[];
}
