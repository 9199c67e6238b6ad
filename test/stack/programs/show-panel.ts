import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type AnswerRow, type Shown, askPanel, interpolated } from '../examples/ask-panel.ts';
import { exampleRunsSchema } from '../examples/example-runs.ts';
import { fieldsOfAnswer } from '../examples/fields-of-answer.ts';
import { type DashboardPanel, dashboardPanels, queriesOfPanel } from '../panels.ts';

// Shows a panel: its JSON, its queries as they are asked, their answers, and what is drawn of them, as Markdown.
// `node show-panel.ts FILE-OF-KEEP-EXAMPLE-RUNS 'Pipelines / What failed last' [run ID]`

const [file = '', name = '', runId = ''] = process.argv.slice(2);
const HOUR_SECONDS = 3600;

const { stack } = exampleRunsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const panel = dashboardPanels().find(({ dashboard, title }) => `${dashboard} / ${title}` === name);
if (panel === undefined) throw new Error(`no dashboard has a panel ${JSON.stringify(name)}`);

const chosen = { pipeline: '.*', subdomain: '.*', stage: '.*', runId };
const to = Math.ceil(Date.now() / 1000);
const shown: Shown = { from: to - HOUR_SECONDS, to, step: HOUR_SECONDS };

print(`# ${name}`, panel.description);
print('## Its JSON', fenced('json', JSON.stringify(jsonOf(panel), null, 2)));
for (const [index, query] of queriesOfPanel(panel).entries()) {
  const refId = panel.targets[index]?.refId ?? '';
  const rows = await askPanel(query, stack, chosen, shown);
  print(
    `## Query ${refId}, to ${query.datasource}`,
    fenced('text', interpolated(query.expr, chosen, shown)),
    `## Answer ${refId}`,
    tableOf(panel, refId, rows),
  );
}
print('## What it draws', drawnOf(panel));

/** As its file has it, and not as the test reads it. */
function jsonOf({ dashboard, title }: DashboardPanel): unknown {
  const path = new URL(
    `../../../grafana/dashboards/milepost-${dashboard.toLowerCase()}.json`,
    import.meta.url,
  );
  const schema = z.object({ panels: z.array(z.looseObject({ title: z.string() })) });
  const { panels } = schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  return panels.find((one) => one.title === title);
}

function tableOf(shownPanel: DashboardPanel, refId: string, rows: readonly AnswerRow[]): string {
  const names = fieldsOfAnswer(shownPanel, refId, rows).slice(1);
  const isLines = rows.some(({ line }) => line !== undefined);
  if (isLines)
    return table(
      ['Line'],
      rows.map(({ line = '' }) => [line]),
    );
  const cells = rows.map(({ labels, values }) =>
    names.map((field) => (field.startsWith('Value') ? values.join(' ') : (labels[field] ?? ''))),
  );
  return table(names, cells);
}

function drawnOf({
  type,
  title,
  transformations,
  targets,
  fieldConfig,
  options,
}: DashboardPanel): string {
  const { unit, noValue } = fieldConfig.defaults;
  const organize = z
    .object({ renameByName: z.record(z.string(), z.string()) })
    .safeParse(transformations.find(({ id }) => id === 'organize')?.options);
  const legends = targets.flatMap(({ legendFormat }) => legendFormat ?? []);
  return [
    `A panel of type \`${type}\` with the title "${title}".`,
    ...(organize.success
      ? [
          `Columns: ${Object.entries(organize.data.renameByName)
            .map(([field, column]) => `${column} (of \`${field}\`)`)
            .join(', ')}.`,
        ]
      : []),
    ...(legends.length > 0 ? [`A series each, named \`${legends.join('`, `')}\`.`] : []),
    ...(options?.sortBy ?? []).map(({ displayName }) => `Sorted by ${displayName}.`),
    `Values in the unit \`${unit}\`. Without an answer: "${noValue}"`,
  ].join(' ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function print(...paragraphs: readonly string[]): void {
  process.stdout.write(`${paragraphs.join('\n\n')}\n\n`);
}
