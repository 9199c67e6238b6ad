import { durationText } from '../duration-text.ts';
import { numberText } from '../record-counts.ts';
import { sizeText } from '../size-text.ts';

/** How far a sync is. */
export interface ProgressState {
  readonly files: number;
  readonly allFiles: number;
  readonly bytes: number;
  readonly allBytes: number;
  readonly elapsedMs: number;
}

const BAR_WIDTH = 20;

/** `████░░░░ 3/12 files · 1.20 MB of 4.00 MB · 310 kB/s · 9.03 s left`. */
export function progressLine(state: ProgressState): string {
  const { files, allFiles, bytes, allBytes, elapsedMs } = state;
  const share = allBytes > 0 ? bytes / allBytes : allFiles > 0 ? files / allFiles : 1;
  const done = Math.round(Math.min(1, share) * BAR_WIDTH);
  const perSecond = elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0;
  const left = Math.max(0, allBytes - bytes);
  return [
    `${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)} ${numberText(files)}/${numberText(allFiles)} files`,
    `${sizeText(bytes)} of ${sizeText(allBytes)}`,
    ...(perSecond > 0
      ? [`${sizeText(Math.round(perSecond))}/s`, `${durationText(left / perSecond)} left`]
      : []),
  ].join(' · ');
}

/** Least time between two lines: more often nobody can read them. */
const EVERY_MS = 100;

/** Counts what goes up, and shows it now and then. */
export class SyncProgress {
  readonly #now: () => number;
  readonly #show: (line: string) => void;
  #startedAt: number | undefined;
  #shownAt: number | undefined;
  #files = 0;
  #allFiles = 0;
  #bytes = 0;
  #allBytes = 0;

  /**
   * @param now in milliseconds
   * @param show takes a line in the place of the last one; an empty one at the end
   */
  constructor(now: () => number, show: (line: string) => void) {
    this.#now = now;
    this.#show = show;
  }

  /** So many of some files have been compared. */
  compared(files: number, allFiles: number): void {
    this.#tell(() => `compared ${numberText(files)}/${numberText(allFiles)} files`);
  }

  /** So much more is to go up. */
  expect(files: number, bytes: number): void {
    this.#startedAt ??= this.#now();
    this.#allFiles += files;
    this.#allBytes += bytes;
    this.#tell(() => this.#line);
  }

  /** So many more bytes have arrived. */
  sent(bytes: number): void {
    this.#bytes += bytes;
    this.#tell(() => this.#line);
  }

  /** One more file is there whole. */
  finished(): void {
    this.#files += 1;
    this.#tell(() => this.#line);
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#shownAt !== undefined) this.#show('');
  }

  #tell(line: () => string): void {
    const now = this.#now();
    if (this.#shownAt !== undefined && now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#show(line());
  }

  get #line(): string {
    return progressLine({
      files: this.#files,
      allFiles: this.#allFiles,
      bytes: this.#bytes,
      allBytes: this.#allBytes,
      elapsedMs: this.#now() - (this.#startedAt ?? this.#now()),
    });
  }
}
