import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../grafana/RUNBOOK.md');
const BLOCK = /^```(?<language>logql|promql)\n(?<query>[^`]+)\n```$/gm;

/** A query of the runbook. */
export interface RunbookQuery {
  readonly language: 'logql' | 'promql';
  readonly query: string;
}

/** What the runbook says to ask when an alert comes, with the labels of that alert put in. */
export function runbookQueries(
  alertname: string,
  labels: Readonly<Record<string, string>>,
): readonly RunbookQuery[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split(`\n## ${alertname}\n`);
  const [own = ''] = section.split('\n## ');
  return [...own.matchAll(BLOCK)].map(({ groups }) => ({
    language: groups?.['language'] === 'logql' ? 'logql' : 'promql',
    query: Object.entries(labels).reduce(
      (query, [name, value]) => query.replaceAll(`$${name}`, value),
      groups?.['query'] ?? '',
    ),
  }));
}
