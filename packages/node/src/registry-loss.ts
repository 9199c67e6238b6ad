import { type LossReport } from '@milepost/delivery';
import { type Registry, type RegistryHealth } from '@milepost/registry';

/** Records of a registry that are lost, with the reason in words. */
export interface LostRecords {
  readonly why: string;
  readonly records: number;
}

/** What a registry lost, as a delivery tells it of its signals. */
export class RegistryLoss {
  readonly #registry: Pick<Registry, 'flushSync' | 'health'>;
  #isOver = false;

  constructor(registry: Pick<Registry, 'flushSync' | 'health'>) {
    this.#registry = registry;
  }

  /** The process ends: writes what waits for the disk, at once. What still waits then is lost. */
  end(): void {
    this.#registry.flushSync();
    this.#isOver = true;
  }

  /** By reason, for `pipeline.telemetry.lost`. */
  report(): LossReport {
    return { registry: { lost: this.#lostOf(this.#registry.health()) } };
  }

  /** The same in words, where there is something to tell. */
  describe(): readonly LostRecords[] {
    const health = this.#registry.health();
    const { memory_full, unsent } = this.#lostOf(health);
    const whyUnsent = health.lastError === undefined ? 'unsent' : `unsent: ${health.lastError}`;
    return [
      { why: 'memory_full', records: memory_full },
      { why: whyUnsent, records: unsent },
    ].filter(({ records }) => records > 0);
  }

  #lostOf({ lostByReason, pendingRecords }: RegistryHealth): RegistryHealth['lostByReason'] {
    const { memory_full, unsent } = lostByReason;
    return { memory_full, unsent: unsent + (this.#isOver ? pendingRecords : 0) };
  }
}
