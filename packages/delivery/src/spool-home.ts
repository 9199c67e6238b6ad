import { join } from 'node:path';
import { errorCode } from './describe-error.ts';
import { heartbeat, type Heartbeat } from './heartbeat.ts';
import { SAME_NAME_LIMIT_MS } from './owner-life.ts';
import { type OwnerIdentity } from './owner.ts';
import { placeFile, removeFile, whereverPossible } from './place-file.ts';
import { publicUrl } from './public-url.ts';
import { type Signal } from './signal.ts';
import { type SpoolDisk } from './spool-disk.ts';
import { SpoolError } from './spool-error.ts';
import {
  DESTINATION_FILE,
  destinationName,
  newOwnedName,
  randomName,
  type SpoolLayout,
} from './spool-layout.ts';
import { ensureDirectory, ensureSpool } from './spool-trust.ts';
import { type Steps } from './steps.ts';

/** What a {@link SpoolHome} is made of. */
export interface SpoolHomeOptions {
  readonly disk: SpoolDisk;
  readonly layout: SpoolLayout;
  readonly identity: OwnerIdentity;
  readonly destinations: Readonly<Partial<Record<Signal, string>>>;
  readonly uid: number | undefined;
  readonly now: () => number;
  readonly heartbeatMs: number;
  /** Whether anything of ours lies on the disk: only then it is worth a heartbeat. */
  readonly isNeeded: () => boolean;
}

/**
 * The place of one process in a spool: its owner file with its heartbeat, and its directory for each signal. Made when
 * it is first asked for, and anew when it went away.
 */
export class SpoolHome {
  /** Names what is ours; random, so that no two processes of any machine share it. */
  readonly owner: string = randomName();
  readonly #options: SpoolHomeOptions;
  readonly #heartbeat: Heartbeat;
  readonly #directories = new Map<Signal, string>();
  /** All that were made, of which some may have come to be empty. */
  readonly #made = new Set<string>();
  #busy = 0;
  /** Our last sign of life, in milliseconds since the Unix epoch. */
  #beatAt: number | undefined;
  #wasSilent = false;
  #isDeclared = false;
  #isReleased = false;

  constructor(options: SpoolHomeOptions) {
    this.#options = options;
    const { layout, heartbeatMs, isNeeded } = options;
    const path = layout.ownerFile(this.owner);
    this.#heartbeat = heartbeat({
      intervalMs: heartbeatMs,
      isNeeded: () => this.#busy > 0 || isNeeded(),
      beat: () => this.#beat(path),
      onMissing: () => {
        this.#isDeclared = false;
        return this.declare(false);
      },
    });
  }

  *#beat(path: string): Steps<void> {
    const { disk, now } = this.#options;
    this.#noteSilence();
    yield* disk.touch(path, now());
    this.#beatAt = now();
  }

  #isSilent(): boolean {
    if (this.#beatAt === undefined) return false;
    const since = this.#options.now() - this.#beatAt;
    return since > SAME_NAME_LIMIT_MS || since < 0;
  }

  #noteSilence(): void {
    if (this.#isSilent() && this.#options.isNeeded()) this.#wasSilent = true;
  }

  /** Whether another process ever had reason to take this one for dead. */
  couldBeTaken(): boolean {
    return this.#wasSilent || this.#isSilent();
  }

  /** Does work that may put something on the disk: until it is done the sign of life goes on. */
  *during<T>(work: Steps<T>): Steps<T> {
    this.#busy += 1;
    try {
      return yield* work;
    } finally {
      this.#busy -= 1;
    }
  }

  /** Name of the directory of what goes where a signal goes. */
  destination(signal: Signal): string {
    const url = this.#options.destinations[signal];
    if (url === undefined)
      throw new SpoolError('invalid_argument', `${signal} have no destination`);
    return destinationName(signal, url);
  }

  /** Makes known who owns what carries our name. Before anything does: what nobody owns is anyone's. */
  *declare(isSynced: boolean): Steps<void> {
    if (this.#isReleased) return;
    if (!this.#isDeclared) {
      const { disk, layout, identity, uid, now } = this.#options;
      yield* ensureSpool(disk, layout.root, uid, isSynced);
      yield* ensureDirectory(disk, layout.owners);
      const since = new Date(now()).toISOString();
      const content = Buffer.from(`${JSON.stringify({ ...identity, since })}\n`);
      yield* placeFile(disk, layout.owners, `${this.owner}.json`, [content], isSynced);
      this.#isDeclared = true;
      this.#noteSilence();
      this.#beatAt = now();
    }
    if (this.#wasReleased()) yield* this.release();
    else yield* this.#heartbeat.start();
  }

  /** The end may have come while the disk was written to. */
  #wasReleased(): boolean {
    return this.#isReleased;
  }

  /** The directory of what goes where a signal goes, with its note. */
  *destinationDirectory(signal: Signal, isSynced: boolean): Steps<string> {
    const { disk, layout, uid } = this.#options;
    const destination = layout.destination(this.destination(signal));
    yield* ensureSpool(disk, layout.root, uid, isSynced);
    yield* ensureDirectory(disk, destination);
    yield* this.#describeDestination(signal, destination, isSynced);
    return destination;
  }

  /** Our directory for a signal. */
  *directory(signal: Signal, isSynced: boolean): Steps<string> {
    yield* this.declare(isSynced);
    const known = this.#directories.get(signal);
    if (known !== undefined) return known;
    const { disk, layout } = this.#options;
    const destination = yield* this.destinationDirectory(signal, isSynced);
    const directory = join(destination, newOwnedName(this.owner));
    yield* disk.mkdir(directory);
    this.#made.add(directory);
    this.#directories.set(signal, directory);
    if (isSynced) {
      yield* disk.syncDirectory(destination);
      yield* disk.syncDirectory(layout.root);
    }
    return directory;
  }

  *#describeDestination(signal: Signal, directory: string, isSynced: boolean): Steps<void> {
    const { disk, destinations } = this.#options;
    try {
      yield* disk.lstat(join(directory, DESTINATION_FILE));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      const description = { signal, url: publicUrl(destinations[signal] ?? '') };
      const content = Buffer.from(`${JSON.stringify(description)}\n`);
      yield* placeFile(disk, directory, DESTINATION_FILE, [content], isSynced);
    }
  }

  /** Whether we made a directory. */
  has(directory: string): boolean {
    return this.#made.has(directory);
  }

  /** Our directories are gone: someone took us for dead, or removed them. */
  forget(): void {
    this.#isDeclared = false;
    this.#directories.clear();
  }

  /** Lets others have what is left, also of what was taken over. What is written later is theirs as well. */
  *release(): Steps<void> {
    const { disk, layout } = this.#options;
    this.#heartbeat.stop();
    this.#isReleased = true;
    for (const directory of this.#made) yield* whereverPossible(disk.rmdir(directory));
    if (this.#isDeclared) yield* whereverPossible(removeFile(disk, layout.ownerFile(this.owner)));
    this.#isDeclared = false;
    this.#directories.clear();
  }
}
