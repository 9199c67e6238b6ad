import { type Heartbeats } from './heartbeats.ts';
import { type JournalQueueShare } from './journal-queue.ts';
import { type LatestLinks } from './latest-links.ts';
import { type ResultLinks } from './result-links.ts';
import { type RunRecorder } from './run-recorder.ts';
import { type Turns } from './turns.ts';

/** What the recorders of one registry share. */
export interface RecorderShare extends JournalQueueShare {
  readonly latest: LatestLinks;
  readonly resultLinks: ResultLinks;
  readonly heartbeats: Heartbeats;
  /** Each rewrite holds several files open. */
  readonly rewrites: Turns;
  /** A rewrite ended, and what it wrote is on disk or not. */
  readonly onRewritten: (recorder: RunRecorder, succeeded: boolean) => void;
  /** Records could not be written: someone has to rewrite again later. */
  readonly onFailing: (recorder: RunRecorder) => void;
}
