import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '../../grafana/README.md');
const HEADING = /^#{3,4} (?<title>.+)$/;
const FENCE = /^```(?<language>logql|promql|traceql)$/;
const EXPECTED = /^Expect: (?<text>.+)$/;
const DATASOURCES = { logql: 'loki', promql: 'prometheus', traceql: 'tempo' } as const;

/** A query of the page. */
export interface PageQuery {
  /** The title above it, and its language. */
  readonly name: string;
  readonly datasource: 'loki' | 'prometheus' | 'tempo';
  readonly expr: string;
  /** What the page says of its answer. Empty where it says nothing. */
  readonly expect: string;
}

/** Every query of the page, in its order. */
export function pageQueries(): readonly PageQuery[] {
  const queries: PageQuery[] = [];
  let title = '';
  // Those whose answer is not told yet.
  let untold: Omit<PageQuery, 'expect'>[] = [];
  let block: { readonly language: keyof typeof DATASOURCES; readonly lines: string[] } | undefined;
  const tell = (expect: string): void => {
    queries.push(...untold.map((query) => ({ ...query, expect })));
    untold = [];
  };
  for (const line of readFileSync(PAGE, 'utf8').split('\n')) {
    const heading = HEADING.exec(line)?.groups?.['title'];
    if (heading !== undefined) tell('');
    title = heading ?? title;
    const language = FENCE.exec(line)?.groups?.['language'];
    if (language === 'logql' || language === 'promql' || language === 'traceql') {
      block = { language, lines: [] };
    } else if (line === '```' && block !== undefined) {
      untold.push({
        name: `${title} (${block.language})`,
        datasource: DATASOURCES[block.language],
        expr: block.lines.join('\n'),
      });
      block = undefined;
    } else if (block !== undefined) {
      block.lines.push(line);
    } else {
      const told = EXPECTED.exec(line)?.groups?.['text'];
      if (told !== undefined) tell(told);
    }
  }
  tell('');
  return queries;
}
