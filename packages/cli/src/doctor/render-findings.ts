import { counted } from '../counted.ts';
import { type Style } from '../paint.ts';
import { type JsonAnswer } from '../run-json.ts';
import { terminalText } from '../terminal-text.ts';
import { type DrawingOptions } from '../waterfall.ts';
import { wrappedText } from '../wrapped-text.ts';
import { CHECKS, type DoctorFinding } from './finding.ts';

const LABELS = { ok: 'ok', note: 'note', error: 'wrong' } as const;
const STYLES: Readonly<Record<DoctorFinding['severity'], Style>> = {
  ok: 'green',
  note: 'yellow',
  error: 'red',
};
const LABEL_WIDTH = 7;
const NAME_WIDTH = 11;
const MAX_CHARACTERS = 2000;

/** `1 fault, 2 notes`, or that all is well. */
export function outcomeText(findings: readonly DoctorFinding[]): string {
  const count = (severity: DoctorFinding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [errors, notes] = [count('error'), count('note')];
  const noted = notes === 0 ? '' : `, ${counted(notes, 'note')}`;
  return errors === 0 ? `all is as it should be${noted}` : `${counted(errors, 'fault')}${noted}`;
}

/** Findings as lines: how it is, what it is about, what is so, and below what to do. */
export function drawDoctor(
  findings: readonly DoctorFinding[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const indent = ' '.repeat(2 + LABEL_WIDTH + NAME_WIDTH);
  const room = width - indent.length;
  const ordered = CHECKS.flatMap((name) => findings.filter(({ check }) => check === name));
  return ordered.flatMap(({ check, severity, message, todo }) => {
    const label = paint(STYLES[severity], LABELS[severity].padEnd(LABEL_WIDTH));
    const [first = '', ...rest] = wrappedText(terminalText(message, MAX_CHARACTERS), room);
    const next =
      todo === undefined ? [] : wrappedText(terminalText(todo, MAX_CHARACTERS), room - 2);
    return [
      `  ${label}${paint('dim', check.padEnd(NAME_WIDTH))}${first}`,
      ...rest.map((line) => `${indent}${line}`),
      ...next.map((line, index) => `${indent}${index === 0 ? '→ ' : '  '}${line}`),
    ];
  });
}

/** The answer of `milepost doctor --json`. */
export function doctorJson(findings: readonly DoctorFinding[]): JsonAnswer {
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    findings: findings.map(({ check, severity, message, todo }) => ({
      check,
      severity,
      message,
      todo: todo ?? null,
    })),
  };
}
