import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PanelQuery } from './panels.ts';

const PAGE = join(import.meta.dirname, '../../grafana/README.md');
const HEADING = /^### (?<title>.+)$/;
const FENCE = /^```(?<language>logql|promql|traceql)$/;
const DATASOURCES = { logql: 'loki', promql: 'prometheus', traceql: 'tempo' } as const;

/** Every query of the page, with the title above it. */
export function pageQueries(): readonly PanelQuery[] {
  const queries: PanelQuery[] = [];
  let title = '';
  let block: { readonly language: keyof typeof DATASOURCES; readonly lines: string[] } | undefined;
  for (const line of readFileSync(PAGE, 'utf8').split('\n')) {
    title = HEADING.exec(line)?.groups?.['title'] ?? title;
    const language = FENCE.exec(line)?.groups?.['language'];
    if (language === 'logql' || language === 'promql' || language === 'traceql') {
      block = { language, lines: [] };
    } else if (line === '```' && block !== undefined) {
      const expr = block.lines.join('\n');
      queries.push({
        name: `${title} (${block.language})`,
        datasource: DATASOURCES[block.language],
        expr,
        isInstant: !expr.startsWith('{'),
      });
      block = undefined;
    } else {
      block?.lines.push(line);
    }
  }
  return queries;
}
