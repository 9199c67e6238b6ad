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
});
const dashboardSchema = z.object({
  title: z.string(),
  panels: z.array(
    z.object({
      title: z.string(),
      description: z.string().min(1),
      targets: z.array(targetSchema).min(1),
      fieldConfig: z.object({
        defaults: z.object({ unit: z.string().min(1), noValue: z.string().min(1) }),
      }),
    }),
  ),
});

/** A query of a panel, as the dashboard's file has it. */
export interface PanelQuery {
  /** Dashboard, panel and query, for people. */
  readonly name: string;
  readonly datasource: 'prometheus' | 'loki' | 'tempo';
  readonly expr: string;
  readonly isInstant: boolean;
}

/**
 * Every query of every committed dashboard.
 * @throws Error where a panel has no description, unit or text for no data
 */
export function panelQueries(): readonly PanelQuery[] {
  return readdirSync(DASHBOARDS).flatMap((file) => {
    const { title, panels } = dashboardSchema.parse(
      JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')),
    );
    return panels.flatMap((panel) =>
      panel.targets.map((target) => ({
        name: `${title} / ${panel.title} / ${target.refId}`,
        datasource: target.datasource.type,
        expr: target.expr ?? target.query ?? '',
        isInstant: target.instant === true || target.queryType === 'instant',
      })),
    );
  });
}
