import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { type DashboardPlan, type Variable } from './panel.ts';
import { panelBuilder } from './render-panel.ts';

const TAG = 'milepost';

/** The JSON that Grafana provisions from a file (schema v1). */
export function renderDashboard(plan: DashboardPlan): string {
  // oxlint-disable-next-line typescript/no-deprecated -- Grafana's file provisioning refuses the newer schema
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid)
    .description(plan.description)
    .tags([TAG])
    .readonly()
    .tooltip(1)
    .refresh('30s')
    .time({ from: `now-${plan.from}`, to: 'now' })
    .timezone('browser')
    .link(
      new DashboardLinkBuilder('Milepost')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    );
  for (const variable of plan.variables) builder.withVariable(variableBuilder(variable));
  for (const panel of plan.panels) builder.withPanel(panelBuilder(panel));
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

function variableBuilder({
  name,
  label,
  description = '',
  values,
}: Variable): QueryVariableBuilder | TextBoxVariableBuilder {
  if (values === undefined) {
    return new TextBoxVariableBuilder(name).label(label).description(description);
  }
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource({ type: 'prometheus', uid: 'prometheus' })
      .query(values)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .multi(true)
      .includeAll(true)
      // Also what has no subdomain.
      .allValue('.*')
      .current({ selected: true, text: 'All', value: '$__all' })
  );
}
