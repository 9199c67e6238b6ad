import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Registry, openRegistry } from '@milepost/registry';
import { GatedFileSystem } from './gated-file-system.ts';
import { PythonStepper } from './python-stepper.ts';

const JOB = '2026-01-01_21-37-23';
const HUB = `analytics/job_registry/${JOB}.json`;

/** Most of the time here is spent waiting, and each scenario has a tree of its own. */
const AT_ONCE = 6;

let directory: string;
let steppers: readonly PythonStepper[];
let roots = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'milepost-interleaved-'));
  steppers = Array.from({ length: AT_ONCE }, () => new PythonStepper());
});

afterAll(async () => {
  await Promise.all(steppers.map((stepper) => stepper.end()));
  rmSync(directory, { recursive: true });
});

/** What Python and we do in one tree, and what has to be there in the end. */
interface Scenario {
  /** The step that Python saves. */
  readonly step: string;
  /** What is there before. */
  readonly before: (registry: Registry, python: PythonStepper) => Promise<void>;
  /** What we do meanwhile; its files wait at every call. */
  readonly ours: (registry: Registry) => Promise<unknown>;
  /** Other steps than that. */
  readonly stages: readonly string[];
  /** Whether Python alone records the job: then a read before a rebuild gives its hub as it is. */
  readonly isTheirs?: true;
}

function save(registry: Registry, step: string): Promise<void> {
  const citekeys = { total: 1, list: ['citekey1'] };
  return registry.saveStepMetadata(step, JOB, { status: 'completed', citekeys, ours: step });
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'we add a step, and Python saves another': {
    step: 'toc',
    before: (registry) => save(registry, 'ocr'),
    ours: (registry) => save(registry, 'deploy'),
    stages: ['ocr', 'deploy'],
  },
  'we save the first step, and Python saves another': {
    step: 'toc',
    before: async () => undefined,
    ours: (registry) => save(registry, 'ocr'),
    stages: ['ocr'],
  },
  'we save a step anew, and Python saves the same': {
    step: 'ocr',
    before: (registry) => save(registry, 'ocr'),
    ours: (registry) => save(registry, 'ocr'),
    stages: [],
  },
  'a job of Python is rebuilt, and Python saves one more step': {
    step: 'toc',
    before: async ({ root }, python) => {
      for (const step of ['sync_ocr', 'ocr']) {
        // A hub without the first step, so that a rebuild writes it.
        rmSync(join(root, HUB), { force: true });
        await python.begin({
          root,
          step,
          job_id: JOB,
          metadata: { status: 'completed' },
          hub_keys: {},
        });
        while (await python.step());
      }
    },
    ours: (registry) => registry.rebuildCentralRegistry(),
    stages: ['ocr', 'sync_ocr'],
    isTheirs: true,
  },
};

/** How far whom: Python so many steps, then we so many, and so on. In the end both go on to their end. */
type Turns = readonly (readonly ['python' | 'ours', number])[];

/**
 * Plays a scenario.
 * @returns how many calls of ours waited
 */
async function play(scenario: Scenario, turns: Turns, stepper: PythonStepper): Promise<number> {
  roots += 1;
  const root = join(directory, String(roots));
  const isOurs = (path: string): boolean =>
    path.includes(`${JOB}.json`) && !path.includes('journal') && !path.includes('sources');
  const gate = new GatedFileSystem(isOurs);
  const registry = openRegistry({ root, fs: gate.fs, index: false });
  await scenario.before(registry, stepper);
  await stepper.begin({
    root,
    step: scenario.step,
    job_id: JOB,
    metadata: {
      status: 'completed',
      custom_metric: 95.2,
      citekeys: { total: 1, list: ['test_v04'] },
    },
    hub_keys: { reviewed_by: 'Ann' },
  });
  await gate.begin(() => scenario.ours(registry));
  const both = { python: () => stepper.step(), ours: () => gate.step() };
  for (const [who, steps] of turns) {
    for (let step = 0; step < steps; step += 1) if (!(await both[who]())) break;
  }
  while (await stepper.step());
  while (await gate.step());
  await registry.close();
  await holdsAll(root, scenario);
  rmSync(root, { recursive: true });
  return gate.calls.length;
}

async function holdsAll(root: string, { step, stages, isTheirs }: Scenario): Promise<void> {
  const registry = openRegistry({ root, index: false });
  const theirs = { custom_metric: 95.2, citekeys: { list: ['test_v04'] } };
  const steps = Object.fromEntries(stages.map((name) => [name, { status: 'completed' }]));
  const all = { reviewed_by: 'Ann', pipeline_steps: { ...steps, [step]: theirs } };
  // A read knows it, whatever the files say.
  if (isTheirs !== true) expect(await registry.getCentralRegistry(JOB)).toMatchObject(all);
  await registry.rebuildCentralRegistry();
  expect(await registry.getCentralRegistry(JOB)).toMatchObject(all);
  expect(await registry.getStepMetadata(step, JOB)).toMatchObject(theirs);
  expect(JSON.parse(readFileSync(join(root, HUB), 'utf8'))).toMatchObject(all);
  const spoke = join(root, `analytics/${step}/job_metadata/${JOB}.json`);
  expect(JSON.parse(readFileSync(spoke, 'utf8'))).toMatchObject(theirs);
  expect(await registry.verify()).toMatchObject({ ok: true, findings: [] });
  await registry.close();
}

/** How often Python stops in a step. */
const POINTS = 6;

/**
 * Plays a scenario in many orders, a few at once.
 * @returns the orders in which something was lost, each with what
 */
async function playAll(scenario: Scenario, orders: readonly Turns[]): Promise<readonly unknown[]> {
  const pending = orders.values();
  const lost: unknown[] = [];
  const worker = async (stepper: PythonStepper): Promise<void> => {
    for (const turns of pending) {
      try {
        await play(scenario, turns, stepper);
      } catch (error) {
        lost.push({ order: JSON.stringify(turns), error });
      }
    }
  };
  await Promise.all(steppers.map(worker));
  return lost;
}

/** Python comes to each point between any two calls of ours, and we then go on by one call, or to our end. */
function ordersOf(calls: number): readonly Turns[] {
  const counts = (most: number): readonly number[] => Array.from({ length: most + 1 }, (_, n) => n);
  return counts(calls).flatMap((first) =>
    counts(POINTS).flatMap((point) =>
      [1, calls].map((more): Turns => [
        ['ours', first],
        ['python', point],
        ['ours', more],
      ]),
    ),
  );
}

const turns = fc.array(
  fc.tuple(fc.constantFrom('ours' as const, 'python' as const), fc.integer({ min: 1, max: 4 })),
  { maxLength: 12 },
);

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  test(
    'nothing is lost, wherever one comes in between the other',
    { timeout: 120_000 },
    async () => {
      const [stepper] = steppers;
      if (stepper === undefined) throw new Error('there is no Python');
      const alone = await play(scenario, [['ours', 1000]], stepper);
      const calls = Math.max(alone, await play(scenario, [], stepper));
      expect(calls).toBeGreaterThanOrEqual(POINTS);
      expect(await playAll(scenario, ordersOf(calls))).toEqual([]);
    },
  );

  test('nor where they take turns at random', async () => {
    const orders = fc.sample(turns, { numRuns: 40, seed: 20260101 });
    expect(await playAll(scenario, orders)).toEqual([]);
  });
});
