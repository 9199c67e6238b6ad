import { type FlushResult, type FlushedSignal } from './flush-spool.ts';
import { holderText } from './holder-text.ts';
import { type Paint } from './paint.ts';
import { allRecordsText, countsOf, numberText, recordsText } from './record-counts.ts';
import { addressText } from './render-spool.ts';
import { type SpoolGroup, spoolGroups } from './spool-groups.ts';
import { terminalText } from './terminal-text.ts';

const UNKNOWN_ADDRESS = 'its address is not known whole';
const NAME_ADDRESS =
  'A spool keeps no user, password or query of an address: name it whole in OTEL_EXPORTER_OTLP_ENDPOINT.';

function whyLeft(group: SpoolGroup, signals: readonly FlushedSignal[]): string {
  if (group.life === 'alive') {
    const sends = group.holders.length === 1 ? 'sends it itself' : 'send it themselves';
    return `${holderText(group)}, ${sends}`;
  }
  const tried = signals.find(({ signal, from }) => signal === group.signal && from === group.url);
  if (tried?.error !== undefined) return terminalText(tried.error);
  return tried?.wasFound === true ? 'the time was up' : UNKNOWN_ADDRESS;
}

/** What a flush did, as lines. */
export function renderFlush(result: FlushResult, paint: Paint): readonly string[] {
  const { directory, restored, signals, left, after } = result;
  const sent = countsOf(signals.map(({ signal, sent: records }) => ({ signal, records })));
  const dead = after.deadLetters.reduce((sum, { records }) => sum + records, 0);
  const place = terminalText(directory);
  const why = new Map(spoolGroups(left).map((group) => [group, whyLeft(group, signals)]));
  const isUnknown = why.values().some((reason) => reason === UNKNOWN_ADDRESS);
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
    ...Array.from(
      why,
      ([{ signal, records, url }, reason]) =>
        `${paint('yellow', 'left')} ${recordsText(signal, records)} for ${addressText(url)}: ${reason}`,
    ),
    ...(isUnknown ? [NAME_ADDRESS] : []),
    ...(dead > 0 ? [`${numberText(dead)} records lie among the dead letters`] : []),
  ];
}
