import { deflateSync, inflateSync } from 'node:zlib';
import { type SightingInRun } from './find-item.ts';
import { hashOfKey } from './index-keys.ts';
import { IndexDamage } from './index-sqlite.ts';
import { isJsonObject } from './own-keys.ts';

/** How many sightings share a pack at least, so that few bytes are unpacked for one item of a run of many. */
const PACK_SIZE = 128;

/** Sightings of items whose keys are neighbours, as the index holds them. */
export interface PackedSightings {
  /** The key of its first item. */
  readonly first: number;
  /** JSON, compressed. */
  readonly data: Uint8Array;
}

/** What is the same for all items of an execution. */
type ExecutionFacts = Pick<
  SightingInRun,
  'stage' | 'executionId' | 'runAttempt' | 'occurrence' | 'attempt'
>;
/** An item in one of the executions, by its number in the pack. What is last and as usual is left out. */
type ItemFacts = readonly [
  itemId: string,
  execution: number,
  time: number,
  status: SightingInRun['status'],
  durationSeconds?: number | null,
  error?: SightingInRun['error'] | null,
  outputs?: SightingInRun['outputs'],
];
interface Pack {
  readonly executions: readonly ExecutionFacts[];
  readonly items: readonly ItemFacts[];
}

function itemFacts(sighting: SightingInRun, execution: number): ItemFacts {
  const { itemId, time, status, durationSeconds = null, error = null, outputs } = sighting;
  const facts = [itemId, execution, time, status] as const;
  if (outputs.length > 0) return [...facts, durationSeconds, error, outputs];
  if (error !== null) return [...facts, durationSeconds, error];
  return durationSeconds === null ? facts : [...facts, durationSeconds];
}

function packOf(sightings: readonly SightingInRun[]): Pack {
  const numbers = new Map<string, number>();
  const executions: ExecutionFacts[] = [];
  const items = sightings.map((sighting) => {
    const { stage, executionId, runAttempt, occurrence, attempt } = sighting;
    // Of what only a list tells there is one for each stage.
    const key = executionId ?? `/${stage}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = executions.push({ stage, executionId, runAttempt, occurrence, attempt }) - 1;
      numbers.set(key, number);
    }
    return itemFacts(sighting, number);
  });
  return { executions, items };
}

/**
 * Packs the sightings in a run, by the keys of their items.
 * @param sightings in order
 */
export function packSightings(sightings: readonly SightingInRun[]): readonly PackedSightings[] {
  const byItem = [...Map.groupBy(sightings, ({ itemId }) => itemId)]
    .map(([id, ofItem]) => ({ hash: hashOfKey({ kind: 'item', id }), ofItem }))
    .toSorted((a, b) => a.hash - b.hash);
  const packs: PackedSightings[] = [];
  let first = 0;
  let waiting: SightingInRun[] = [];
  const pack = (): void => {
    if (waiting.length === 0) return;
    packs.push({ first, data: deflateSync(JSON.stringify(packOf(waiting))) });
    waiting = [];
  };
  let last: number | undefined;
  for (const { hash, ofItem } of byItem) {
    // Items that share a key share a pack: one alone is looked into.
    if (waiting.length >= PACK_SIZE && hash !== last) pack();
    if (waiting.length === 0) first = hash;
    for (const sighting of ofItem) waiting.push(sighting);
    last = hash;
  }
  pack();
  return packs;
}

function isPack(value: unknown): value is Pack {
  return (
    isJsonObject(value) &&
    Array.isArray(value['executions']) &&
    Array.isArray(value['items']) &&
    value['items'].every((item) => Array.isArray(item))
  );
}

function unpack(data: Uint8Array): Pack {
  let value: unknown;
  try {
    value = JSON.parse(inflateSync(data).toString('utf8'));
  } catch (error) {
    throw new IndexDamage('expected the sightings of a run', { cause: error });
  }
  if (isPack(value)) return value;
  throw new IndexDamage('expected the sightings of a run');
}

/**
 * The sightings of an item in a pack, in the order in which they were packed.
 * @throws {IndexDamage}
 */
export function unpackSightings(data: Uint8Array, itemId: string): readonly SightingInRun[] {
  const { executions, items } = unpack(data);
  return items.flatMap(([id, number, time, status, durationSeconds, error, outputs]) => {
    if (id !== itemId) return [];
    const execution = executions[number];
    if (execution === undefined) throw new IndexDamage('expected the execution of a sighting');
    return {
      itemId,
      stage: execution.stage,
      executionId: execution.executionId,
      runAttempt: execution.runAttempt,
      occurrence: execution.occurrence,
      attempt: execution.attempt,
      time,
      status,
      durationSeconds: durationSeconds ?? undefined,
      error: error ?? undefined,
      outputs: outputs ?? [],
    };
  });
}
