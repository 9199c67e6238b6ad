import { type StageIdentity } from '@milepost/core/hooks';
import { type Heartbeats } from './heartbeats.ts';
import { type RecordedEvent, executionText } from './record-text.ts';

/** What of one run is under way in this process: its stages, and whether somebody here will end it. */
export class OpenExecutions {
  readonly #runId: string;
  readonly #heartbeats: Heartbeats;
  /** By execution: the text that its records share. */
  readonly #texts = new Map<string, string>();
  /** What was asked for last: most records are of the same execution as the one before. */
  #lastStage: StageIdentity | undefined;
  #lastText = '';
  #segment: string | undefined;

  constructor(runId: string, heartbeats: Heartbeats) {
    this.#runId = runId;
    this.#heartbeats = heartbeats;
  }

  /** Whether no stage is under way. */
  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** The text that the records of an execution share; none for a job that is no part of a stage. */
  textOf(stage: StageIdentity | undefined): string {
    if (stage === undefined) return '';
    if (stage !== this.#lastStage) {
      this.#lastText = this.#texts.get(stage.executionId) ?? executionText(stage);
      this.#lastStage = stage;
    }
    return this.#lastText;
  }

  /** Records go into another segment from now on: its file is what tells that this process lives. */
  moveTo(segment: string): void {
    this.#segment = segment;
    this.#heartbeats.moved(this.#runId, segment);
  }

  note(event: RecordedEvent): void {
    // What is spread over jobs is not under way here: it waits for an end from anywhere.
    if ('stage' in event && event.stage?.spread === true) return;
    if (event.type === 'stage_started') {
      const { executionId } = event.stage;
      this.#texts.set(executionId, this.textOf(event.stage));
      this.#heartbeats.began(this.#runId, this.#segment, executionId);
    } else if (event.type === 'stage_ended') {
      const { executionId } = event.stage;
      this.#texts.delete(executionId);
      this.#lastStage = undefined;
      this.#heartbeats.ended(this.#runId, executionId);
    } else if (event.type === 'run_started') {
      if (!event.run.joined && !event.run.begun) this.#heartbeats.began(this.#runId, this.#segment);
    } else if (event.type === 'run_ended') this.#heartbeats.ended(this.#runId);
  }
}
