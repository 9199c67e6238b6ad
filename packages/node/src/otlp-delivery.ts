import {
  type OtlpDestination,
  type Signal,
  openDelivery,
  otlpDestination,
} from '@milepost/delivery';
import { describeFailure } from './describe-failure.ts';
import { type OtlpProtocol, otlpProtocolFromEnv } from './otlp-protocol.ts';
import { PipelineDelivery } from './pipeline-delivery.ts';
import { spoolPlace } from './spool-place.ts';
import { type TelemetryOptions } from './telemetry-options.ts';

const UNUSED_URL = 'http://localhost:4318';

const VARIABLE_PARTS = { traces: 'TRACES', logs: 'LOGS', metrics: 'METRICS' } as const;

/** The delivery of all signals that go over OTLP/HTTP, opened when the first of them asks for it. */
export class OtlpDelivery {
  readonly #options: TelemetryOptions;
  readonly #protocols = new Map<Signal, OtlpProtocol>();
  #opened: PipelineDelivery | undefined;
  #destinations: readonly OtlpDestination[] = [];

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  /** Undefined where no signal has asked. */
  get opened(): PipelineDelivery | undefined {
    return this.#opened;
  }

  /** As the environment says. */
  protocolOf(signal: Signal): OtlpProtocol {
    const known = this.#protocols.get(signal) ?? otlpProtocolFromEnv(VARIABLE_PARTS[signal]);
    this.#protocols.set(signal, known);
    return known;
  }

  /** @throws where the environment names a destination that is none */
  open(): PipelineDelivery {
    if (this.#opened !== undefined) return this.#opened;
    const { maxSpoolBytes, maxMemoryBytes, maxAgeMs } = this.#options;
    const destinations = {
      traces: this.#destination('traces'),
      logs: this.#destination('logs'),
      metrics: this.#destination('metrics'),
    };
    const spoolDirectory = spoolPlace(this.#options);
    this.#destinations = Object.values(destinations);
    this.#opened = new PipelineDelivery(
      openDelivery({ destinations, spoolDirectory, maxSpoolBytes, maxMemoryBytes, maxAgeMs }),
    );
    return this.#opened;
  }

  /**
   * Resolves when all is known that an end of the process has to know to send anything. Never rejects.
   * @returns why signals cannot be sent; what fails here fails again at each try
   */
  async ready(): Promise<readonly string[]> {
    const resolved = this.#destinations.map((destination) => destination.resolve());
    const outcomes = await Promise.allSettled(resolved);
    return outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [describeFailure(outcome.reason)] : [],
    );
  }

  /** For a start that fails: nothing has been recorded. */
  close(): void {
    void this.#opened?.shutdown({ timeoutMs: 0 });
  }

  #destination(signal: Signal): OtlpDestination {
    const protocol = this.protocolOf(signal);
    // What goes over gRPC does not come here, and its endpoint need not be one of HTTP.
    if (protocol === 'grpc') return otlpDestination(signal, { url: UNUSED_URL });
    return otlpDestination(signal, { protocol });
  }
}
