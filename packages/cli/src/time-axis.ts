/** A stretch of time, in milliseconds since the Unix epoch. */
export interface TimeSpan {
  readonly startTime: number;
  readonly endTime: number;
}

/** The mark of what is too short for a cell of its own. */
const THIN = '▏';

/**
 * A stretch of time as a bar on an axis. Both ends are rounded to whole cells, so that what follows without a gap is drawn without
 * one; what would vanish by it is a thin mark.
 * @param width of the axis in columns
 * @param cell what the bar is made of
 */
export function barOf(span: TimeSpan, axis: TimeSpan, width: number, cell: string): string {
  const length = Math.max(1, axis.endTime - axis.startTime);
  const cellAt = (time: number): number =>
    Math.min(width, Math.max(0, Math.round(((time - axis.startTime) / length) * width)));
  const from = cellAt(span.startTime);
  const to = cellAt(span.endTime);
  if (to > from) return ' '.repeat(from) + cell.repeat(to - from);
  return ' '.repeat(Math.max(0, Math.min(from, width - 1))) + THIN;
}

/** The stretch of time from the first start to the last end; undefined for none. */
export function hullOf(spans: readonly TimeSpan[]): TimeSpan | undefined {
  if (spans.length === 0) return undefined;
  return {
    startTime: Math.min(...spans.map(({ startTime }) => startTime)),
    endTime: Math.max(...spans.map(({ endTime }) => endTime)),
  };
}
