import { type FailedItem, type LostEvidence, type RunDetail } from '@milepost/registry';
import { drawEntries } from './entries.ts';
import { recordedErrorText } from './error-text.ts';
import { type Paint } from './paint.ts';
import { itemText, terminalText } from './terminal-text.ts';
import { timeText } from './time-text.ts';
import { executionLabel } from './waterfall-rows.ts';

interface Message {
  readonly labels: string[];
  readonly text: string;
}

/** Characters of the error of one item among many. */
const MAX_ITEM_ERROR = 200;
/** Names that share one message; the rest is only counted. */
const MAX_LABELS = 3;

/** Collects texts, each once, with the names of all that said it. */
function collect(said: readonly (readonly [string, string])[]): readonly Message[] {
  const messages = new Map<string, Message>();
  for (const [label, text] of said) {
    const known = messages.get(text);
    if (known === undefined) messages.set(text, { labels: [label], text });
    else if (!known.labels.includes(label)) known.labels.push(label);
  }
  return [...messages.values()];
}

function labelOf({ labels }: Message): string {
  const shown = labels.slice(0, MAX_LABELS).join(', ');
  return labels.length > MAX_LABELS ? `${shown}, … (${labels.length})` : shown;
}

/** Errors of a run's stages and of the run itself, each once; the error of an inner stage is often that of all around it. */
export function runErrors(run: RunDetail): readonly Message[] {
  const stages = run.executions.flatMap((execution): [string, string][] =>
    execution.error === undefined
      ? []
      : [[executionLabel(execution), recordedErrorText(execution.error)]],
  );
  const whole = run.error === undefined ? undefined : recordedErrorText(run.error);
  const isNew = whole !== undefined && stages.every(([, text]) => text !== whole);
  return collect(isNew ? [...stages, ['the run', whole]] : stages);
}

/** Why stages, or the run itself, were skipped or cancelled, as far as that is known. Each reason once. */
export function runReasons(run: RunDetail): readonly Message[] {
  const stages = run.executions.flatMap((execution): [string, string][] =>
    execution.reason === undefined
      ? []
      : [[executionLabel(execution), `${execution.state}: ${terminalText(execution.reason)}`]],
  );
  const whole = run.reason === undefined ? undefined : `${run.status}: ${terminalText(run.reason)}`;
  const isNew = whole !== undefined && stages.every(([, text]) => text !== whole);
  return collect(isNew ? [...stages, ['the run', whole]] : stages);
}

/** Why stages, or the run itself, count as lost. Each reason once. */
export function runLosses(run: RunDetail): readonly Message[] {
  const textOf = ({ reason, lastHeartbeat, bootId }: LostEvidence): string => {
    const boot = bootId === undefined ? '' : `, boot ${bootId}`;
    return terminalText(`${reason}; last sign of life ${timeText(lastHeartbeat)} UTC${boot}`);
  };
  const stages = run.executions.flatMap((execution): [string, string][] =>
    execution.lost === undefined ? [] : [[executionLabel(execution), textOf(execution.lost)]],
  );
  const whole = run.lost === undefined ? [] : [['the run', textOf(run.lost)] as const];
  return collect([...whole, ...stages]);
}

/** A block of messages under a title; nothing where there are none. */
export function drawBlock(
  title: string,
  messages: readonly Message[],
  limit: number,
  width: number,
): readonly string[] {
  if (messages.length === 0) return [];
  const entries = messages
    .slice(0, limit)
    .map((message) => ({ label: labelOf(message), text: message.text }));
  const shown = drawEntries(entries, (label) => label, width - 2);
  const left = messages.length - limit;
  return [
    title,
    ...shown.map((line) => `  ${line}`),
    ...(left > 0 ? [`  … and ${left} more`] : []),
  ];
}

/** Failed items with the stage and error of each. */
export function drawFailedItems(
  failures: readonly FailedItem[],
  paint: Paint,
  width: number,
): readonly string[] {
  const entries = failures.map(({ stage, itemId, error }) => ({
    label: terminalText(stage, 60),
    subject: itemText(itemId),
    text: error === undefined ? 'no error recorded' : recordedErrorText(error, MAX_ITEM_ERROR),
  }));
  const lines = drawEntries(entries, (label) => paint('dim', label), width - 2);
  return lines.map((line) => `  ${line}`);
}
