import { type EnvelopeStage } from './envelope.ts';
import { frozen } from './frozen.ts';
import { type ObjectReader } from './object-reader.ts';
import { type ReadRun, readRun } from './read-envelope-run.ts';
import { readStage } from './read-envelope-stage.ts';

/**
 * What the envelopes of many jobs have in common: their run and their stage. Each is read once, however many jobs share it; what
 * comes out is frozen.
 */
export class CommonPart {
  readonly #envelope: ObjectReader;
  #run: ReadRun | undefined;
  #stage: { readonly read: EnvelopeStage | undefined } | undefined;

  constructor(envelope: ObjectReader) {
    this.#envelope = envelope;
  }

  hasRun(): boolean {
    return this.#envelope.has('run');
  }

  /**
   * The run.
   * @throws TypeError that says what was expected and what came
   */
  run(): ReadRun {
    return (this.#run ??= frozen(readRun(this.#envelope.object('run'))));
  }

  /**
   * The stage; undefined where there is none.
   * @throws TypeError that says what was expected and what came
   */
  stage(): EnvelopeStage | undefined {
    this.#stage ??= frozen({ read: this.#readStage() });
    return this.#stage.read;
  }

  #readStage(): EnvelopeStage | undefined {
    const stage = this.#envelope.object('stage', 'optional');
    return stage && readStage(stage);
  }
}
