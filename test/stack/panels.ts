import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const DASHBOARDS = join(import.meta.dirname, '../../grafana/dashboards');

const targetSchema = z.object({
  refId: z.string(),
  datasource: z.object({ type: z.enum(['prometheus', 'loki', 'tempo']) }),
  expr: z.string().optional(),
  query: z.string().optional(),
  instant: z.boolean().optional(),
  queryType: z.string().optional(),
  interval: z.string().optional(),
  legendFormat: z.string().optional(),
});
const panelSchema = z.object({
  type: z.string(),
  title: z.string(),
  description: z.string().min(1),
  targets: z.array(targetSchema).min(1),
  transformations: z
    .array(z.object({ id: z.string(), options: z.record(z.string(), z.unknown()) }))
    .default([]),
  fieldConfig: z.object({
    defaults: z.object({ unit: z.string().min(1), noValue: z.string().min(1) }),
    overrides: z.array(
      z.object({
        matcher: z.object({ id: z.string(), options: z.unknown() }),
        properties: z.array(z.object({ id: z.string(), value: z.unknown() })),
      }),
    ),
  }),
  options: z
    .object({ sortBy: z.array(z.object({ displayName: z.string() })).optional() })
    .optional(),
});
const variableSchema = z.object({
  name: z.string(),
  type: z.enum(['query', 'textbox']),
  query: z.string().default(''),
});
const dashboardSchema = z.object({
  title: z.string(),
  panels: z.array(panelSchema),
  templating: z.object({ list: z.array(variableSchema).default([]) }),
});

/** A panel, as its dashboard's file has it. */
export interface DashboardPanel extends z.infer<typeof panelSchema> {
  readonly dashboard: string;
}

/** A variable of a dashboard whose values are those of a label: `label_values(series, label)`. */
export interface DashboardVariable {
  readonly dashboard: string;
  readonly name: string;
  readonly query: string;
}

/** A query of a panel, as the dashboard's file has it. */
export interface PanelQuery {
  /** Dashboard, panel and query, for people. */
  readonly name: string;
  readonly datasource: 'prometheus' | 'loki' | 'tempo';
  readonly expr: string;
  readonly isInstant: boolean;
}

function dashboards(): readonly z.infer<typeof dashboardSchema>[] {
  return readdirSync(DASHBOARDS).map((file) =>
    dashboardSchema.parse(JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8'))),
  );
}

/**
 * Every panel of every committed dashboard.
 * @throws Error where a panel has no description, unit or text for no data
 */
export function dashboardPanels(): readonly DashboardPanel[] {
  return dashboards().flatMap(({ title, panels }) =>
    panels.map((panel) => ({ dashboard: title, ...panel })),
  );
}

/** Every variable of every committed dashboard that takes its values from a query. */
export function dashboardVariables(): readonly DashboardVariable[] {
  return dashboards().flatMap(({ title, templating }) =>
    templating.list
      .filter(({ type }) => type === 'query')
      .map(({ name, query }) => ({ dashboard: title, name, query })),
  );
}

/** The queries of a panel. */
export function queriesOfPanel({
  dashboard,
  title,
  targets,
}: DashboardPanel): readonly PanelQuery[] {
  return targets.map((target) => ({
    name: `${dashboard} / ${title} / ${target.refId}`,
    datasource: target.datasource.type,
    expr: target.expr ?? target.query ?? '',
    isInstant: target.instant === true || target.queryType === 'instant',
  }));
}
