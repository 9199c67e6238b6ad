import { type FlushResult, type FlushedSignal } from './flush-spool.ts';
import { type Paint } from './paint.ts';
import { allRecordsText, countsOf, numberText, recordsText } from './record-counts.ts';
import { addressText, holderText } from './render-spool.ts';
import { type SpoolEntry, isHeld } from './spool-entries.ts';
import { terminalText } from './terminal-text.ts';

const UNKNOWN_ADDRESS =
  'its address is not known whole, as a spool keeps no user, password or query: name it with OTEL_EXPORTER_OTLP_ENDPOINT';

function whyLeft(entry: SpoolEntry, signals: readonly FlushedSignal[]): string {
  if (isHeld(entry)) return `${holderText(entry.holder)}, sends it itself`;
  const tried = signals.find(({ signal, from }) => signal === entry.signal && from === entry.url);
  if (tried?.error !== undefined) return terminalText(tried.error);
  return tried?.wasFound === true ? 'the time was up' : UNKNOWN_ADDRESS;
}

/** What a flush did, as lines. */
export function renderFlush(result: FlushResult, paint: Paint): readonly string[] {
  const { directory, restored, signals, left, after } = result;
  const sent = countsOf(signals.map(({ signal, sent: records }) => ({ signal, records })));
  const dead = after.deadLetters.reduce((sum, { records }) => sum + records, 0);
  const place = terminalText(directory);
  return [
    ...(restored > 0 ? [`put ${numberText(restored)} records back from the dead letters`] : []),
    sent.values().some((count) => count > 0)
      ? `${paint('green', 'sent')} ${allRecordsText(sent)} from ${place}`
      : left.length === 0
        ? `nothing waits in ${place}`
        : `sent nothing from ${place}`,
    ...signals
      .filter(({ refused }) => refused > 0)
      .map(
        ({ signal, refused, to, error }) =>
          `${paint('red', 'refused')} ${recordsText(signal, refused)} by ${addressText(to)}${error === undefined ? '' : `: ${terminalText(error)}`}`,
      ),
    ...left.map(
      (entry) =>
        `${paint('yellow', 'left')} ${recordsText(entry.signal, entry.records)} for ${addressText(entry.url)}: ${whyLeft(entry, signals)}`,
    ),
    ...(dead > 0 ? [`${numberText(dead)} records lie among the dead letters`] : []),
  ];
}
