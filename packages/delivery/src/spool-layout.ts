import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SIGNAL_VALUES, type Signal } from './signal.ts';

/** File in a destination's directory that says which one it is. */
export const DESTINATION_FILE = 'destination.json';

/** Ending of what is being written. */
export const TEMPORARY_ENDING = '.tmp';

/** Ending of a file that is not what was written, among the dead letters. */
export const DAMAGED_ENDING = '.damaged';

const DESTINATION_NAME = /^(traces|logs|metrics)-[0-9a-f]{8}$/;
const OWNED_NAME = /^([0-9a-f]{16})\.([0-9a-f]{16})$/;
const OWNER_FILE = /^([0-9a-f]{16})\.json$/;

/** A random name: 16 hex digits. */
export function randomName(): string {
  return randomBytes(8).toString('hex');
}

/** Name of the directory of what goes to one URL. */
export function destinationName(signal: Signal, url: string): string {
  return `${signal}-${createHash('sha256').update(url).digest('hex').slice(0, 8)}`;
}

/** The signal of a destination's directory; undefined for a name that is none. */
export function signalOfDestination(name: string): Signal | undefined {
  const [, found] = DESTINATION_NAME.exec(name) ?? [];
  return SIGNAL_VALUES.find((signal) => signal === found);
}

/** Name of a new directory of requests, `{owner}.{id}`. */
export function newOwnedName(owner: string): string {
  return `${owner}.${randomName()}`;
}

/** The name of the same directory with another owner. */
export function renamedTo(owner: string, name: string): string {
  return `${owner}.${idOfDirectory(name) ?? randomName()}`;
}

/** Whose a directory of requests is; undefined for a name that is none. */
export function ownerOfDirectory(name: string): string | undefined {
  return OWNED_NAME.exec(name)?.[1];
}

/** What a directory of requests keeps when another owner takes it over; undefined for a name that is none. */
export function idOfDirectory(name: string): string | undefined {
  return OWNED_NAME.exec(name)?.[2];
}

/** Whose an owner file is; undefined for a name that is none. */
export function ownerOfFile(name: string): string | undefined {
  return OWNER_FILE.exec(name)?.[1];
}

/** Where things lie below the directory of a spool. */
export class SpoolLayout {
  readonly root: string;
  readonly owners: string;
  readonly deadLetters: string;

  constructor(root: string) {
    this.root = root;
    this.owners = join(root, 'owners');
    this.deadLetters = join(root, 'dead-letters');
  }

  ownerFile(owner: string): string {
    return join(this.owners, `${owner}.json`);
  }

  destination(name: string): string {
    return join(this.root, name);
  }

  deadLettersOf(name: string): string {
    return join(this.deadLetters, name);
  }
}
