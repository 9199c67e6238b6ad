import { type Finding } from '@milepost/registry';
import { drawEntries } from './entries.ts';
import { type JsonAnswer } from './run-json.ts';
import { terminalText } from './terminal-text.ts';
import { type DrawingOptions } from './waterfall.ts';

/** Findings as lines: what kind, which file, and what is the matter, errors first. */
export function drawFindings(
  findings: readonly Finding[],
  { paint, width }: DrawingOptions,
): readonly string[] {
  const blocks = (['error', 'note'] as const).map((severity) => {
    const entries = findings
      .filter((finding) => finding.severity === severity)
      .map(({ kind, path, message }) => ({
        label: kind.replaceAll('_', ' '),
        subject: terminalText(path),
        text: terminalText(message),
      }));
    const style = severity === 'error' ? 'red' : 'dim';
    return drawEntries(entries, (label) => paint(style, label), width - 2);
  });
  return blocks.flat().map((line) => `  ${line}`);
}

/** A finding in JSON. */
export function findingJson({ kind, severity, path, jobId, message }: Finding): JsonAnswer {
  return { kind, severity, path, job_id: jobId ?? null, message };
}
