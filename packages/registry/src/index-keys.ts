import { hash } from 'node:crypto';
import { stepEntries } from './describe-run.ts';
import { itemCollectionOf } from './item-outcomes.ts';
import { type LoadedRun } from './load-run.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';

/** Bytes of a hash that are kept: they fit a JavaScript number. That two keys share one costs a needless look. */
const HASH_BYTES = 6;

/** What the index finds runs and uploads by. */
export type IndexKey =
  | { readonly kind: 'item'; readonly id: string }
  | { readonly kind: 'checksum'; readonly sha256: string };

/** A key as the index holds it. */
export function hashOfKey(key: IndexKey): number {
  const text = key.kind === 'item' ? `i${key.id}` : `c${key.sha256}`;
  return hash('sha1', text, 'buffer').readUIntBE(0, HASH_BYTES);
}

/** A checksum as it is compared: others may write it in capitals. */
export function normalChecksum(sha256: string): string {
  return sha256.toLowerCase();
}

/** The checksums of a source or upload job, by item. */
export function checksumsOf(source: unknown): readonly (readonly [string, string])[] {
  const checksums = isJsonObject(source) ? source['checksums'] : undefined;
  if (!isJsonObject(checksums)) return [];
  return Object.entries(checksums).flatMap(([id, sha256]) =>
    typeof sha256 === 'string' ? [[id, normalChecksum(sha256)] as const] : [],
  );
}

/** Gathers keys, each once. */
class KeyBag {
  readonly #hashes = new Set<number>();

  addItem(id: string): void {
    this.#hashes.add(hashOfKey({ kind: 'item', id }));
  }

  addChecksum(sha256: string): void {
    this.#hashes.add(hashOfKey({ kind: 'checksum', sha256: normalChecksum(sha256) }));
  }

  /** The items and checksums of a source or upload job. */
  addSource(source: unknown): void {
    if (!isJsonObject(source)) return;
    for (const id of itemCollectionOf(source)?.list ?? []) this.addItem(id);
    for (const [, sha256] of checksumsOf(source)) this.addChecksum(sha256);
  }

  /** In order, which is how the index holds them. */
  get hashes(): readonly number[] {
    return [...this.#hashes].toSorted((a, b) => a - b);
  }
}

/**
 * Everything that a run can be found by.
 * @param hub as a query reads it
 */
export function keysOfRun({ state, rendered }: LoadedRun, hub: JsonObject): readonly number[] {
  const keys = new KeyBag();
  for (const { items } of state.executions.values()) {
    for (const id of items.keys()) keys.addItem(id);
  }
  for (const { item_id: itemId, sha256 } of state.outputs.values()) {
    if (itemId !== undefined) keys.addItem(itemId);
    if (sha256 !== undefined) keys.addChecksum(sha256);
  }
  const hubs = hub === rendered.hub ? [hub] : [hub, rendered.hub];
  for (const told of hubs) {
    keys.addSource(told['source']);
    for (const [, entry] of stepEntries(told)) {
      for (const id of itemCollectionOf(entry)?.list ?? []) keys.addItem(id);
    }
  }
  return keys.hashes;
}

/** Everything that an upload can be found by. */
export function keysOfUpload(source: JsonObject): readonly number[] {
  const keys = new KeyBag();
  keys.addSource(source);
  return keys.hashes;
}
