import { type RunEndStatus } from '@milepost/semconv';
import { type LoadedRun, loadRun } from './load-run.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { type RepairPlan, planRepair } from './repair-plan.ts';
import { type RepairDecision, recordAll, repairRun } from './repair-run.ts';
import { type RepairedSpan, type RepairedSpans, repairedSpansOf } from './repaired-spans.ts';

/** Ends what nobody ended, as somebody decides. */
export class Repairs {
  readonly #environment: RegistryEnvironment;
  readonly #recorders: RecorderPool;
  readonly #findRunId: (idOrAlias: string) => Promise<string | undefined>;

  constructor(
    environment: RegistryEnvironment,
    recorders: RecorderPool,
    findRunId: (idOrAlias: string) => Promise<string | undefined>,
  ) {
    this.#environment = environment;
    this.#recorders = recorders;
    this.#findRunId = findRunId;
  }

  async plan(idOrAlias: string, status?: RunEndStatus): Promise<RepairPlan> {
    return planRepair(await this.#load(idOrAlias), this.#now, status);
  }

  async repair(idOrAlias: string, decision: RepairDecision): Promise<RepairPlan> {
    return repairRun(this.#recorders, await this.#load(idOrAlias), this.#now, decision);
  }

  async spans(idOrAlias: string): Promise<RepairedSpans> {
    return repairedSpansOf(await this.#load(idOrAlias));
  }

  async noteSent(idOrAlias: string, spans: readonly RepairedSpan[]): Promise<void> {
    const { runId } = await this.#load(idOrAlias);
    const runs = spans.filter(({ unit }) => unit === 'run');
    await recordAll(this.#recorders, runId, [
      {
        kind: 'repair_sent',
        time: this.#now,
        run_attempts: runs.map(({ runAttempt }) => runAttempt),
        execution_ids: spans.flatMap(({ executionId }) => executionId ?? []),
      },
    ]);
  }

  get #now(): number {
    return this.#environment.clock.now();
  }

  /** @throws {RegistryError} `run_not_found` */
  async #load(idOrAlias: string): Promise<LoadedRun> {
    const runId = await this.#findRunId(idOrAlias);
    if (runId !== undefined) await this.#recorders.flushJournal(runId);
    const run = runId === undefined ? undefined : await loadRun(this.#environment, runId);
    if (run !== undefined) return run;
    const message = `no run ${JSON.stringify(idOrAlias.slice(0, 200))} in ${this.#environment.layout.root}`;
    throw new RegistryError('run_not_found', message);
  }
}
