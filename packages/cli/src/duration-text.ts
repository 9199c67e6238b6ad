const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function two(parts: readonly [number, string, number, string]): string {
  const [large, largeUnit, small, smallUnit] = parts;
  return `${large} ${largeUnit} ${String(small).padStart(2, '0')} ${smallUnit}`;
}

/** A duration for people, in two units at most: `310 ms`, `3.12 s`, `28.4 s`, `12 m 03 s`, `2 h 05 m`, `3 d 04 h`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return '<1 ms';
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return two([Math.floor(whole / MINUTE), 'm', whole % MINUTE, 's']);
  if (whole < DAY) {
    return two([Math.floor(whole / HOUR), 'h', Math.floor((whole % HOUR) / MINUTE), 'm']);
  }
  return two([Math.floor(whole / DAY), 'd', Math.floor((whole % DAY) / HOUR), 'h']);
}
