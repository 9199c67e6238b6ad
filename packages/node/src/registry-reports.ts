import { type Registry } from '@milepost/registry';
import { type SignalReport, NOTHING_LEFT } from './flush-report.ts';

/** Tells what a registry lost since it was last asked, and what it still tries to write. */
export class RegistryReports {
  readonly #registry: Pick<Registry, 'health'>;
  /** What has been told of losses. */
  #told: number;

  constructor(registry: Pick<Registry, 'health'>) {
    this.#registry = registry;
    this.#told = registry.health().lostRecords;
  }

  /**
   * Begins a report: what was told until now is not told again, however many reports begin meanwhile.
   * @returns gives it, from what the flush of the registry came to
   */
  begin(): (flushed: SignalReport) => SignalReport {
    const before = this.#told;
    return (flushed) => {
      const { lostRecords, lostByReason, pendingRecords, lastError } = this.#registry.health();
      this.#told = lostRecords;
      const lost = lostRecords - before;
      if (flushed.status === 'ok' && lost === 0) return NOTHING_LEFT;
      // A registry that could write has what was recorded before the flush: what waits came after it.
      const waiting = flushed.status === 'ok' ? 0 : pendingRecords;
      const { error = lastError ?? reasonsOf(lostByReason) } = flushed;
      const told = { waiting, lost, error };
      if (flushed.status === 'timeout') return { status: 'timeout', ...told };
      return { status: lost === 0 && waiting > 0 ? 'waiting' : 'failed', ...told };
    };
  }
}

function reasonsOf(lostByReason: Readonly<Record<string, number>>): string {
  return Object.entries(lostByReason)
    .flatMap(([reason, records]) => (records > 0 ? reason : []))
    .join(', ');
}
