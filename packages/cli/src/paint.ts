import { styleText } from 'node:util';
import { type RunStatus, type StepState } from '@milepost/semconv/schemas';
import { type CliStream } from './cli-io.ts';

/** A colour or other style of a terminal. */
export type Style = Parameters<typeof styleText>[0];

/** Gives a text a style, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Styles for a terminal only. `NO_COLOR` and `FORCE_COLOR` count as Node.js reads them. */
export function paintFor(stream: CliStream): Paint {
  return (style, text) =>
    text === '' ? '' : styleText(style, text, { stream, validateStream: true });
}

const STATE_STYLES: Readonly<Record<StepState | RunStatus | 'open' | 'lost', Style>> = {
  completed: 'green',
  partial: 'yellow',
  retrying: 'yellow',
  failed: 'red',
  lost: 'red',
  cancelled: 'magenta',
  started: 'cyan',
  running: 'cyan',
  open: 'cyan',
  pending: 'dim',
  skipped: 'dim',
};

const styles: ReadonlyMap<string, Style> = new Map(Object.entries(STATE_STYLES));

/** The style of a status or state; none for a word that only others use. */
export function styleOfState(state: string): Style {
  return styles.get(state) ?? 'reset';
}
