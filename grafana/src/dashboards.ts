import { type DashboardPlan } from './panel.ts';
import { PIPELINES_DASHBOARD } from './pipelines-dashboard.ts';
import { RUN_DASHBOARD } from './run-dashboard.ts';
import { STAGE_DASHBOARD } from './stage-dashboard.ts';
import { TELEMETRY_DASHBOARD } from './telemetry-dashboard.ts';

/** Every dashboard. */
export const DASHBOARDS: readonly DashboardPlan[] = [
  PIPELINES_DASHBOARD,
  RUN_DASHBOARD,
  STAGE_DASHBOARD,
  TELEMETRY_DASHBOARD,
];
