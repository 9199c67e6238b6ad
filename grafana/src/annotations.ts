import { type AlertSettings } from './alert-settings.ts';
import { type Alert } from './alerts.ts';

/** What an alert tells whoever gets it, with links to its dashboard and its section of the runbook. */
export function annotationsOf(
  { name, summary, description, dashboard }: Alert,
  { grafanaUrl, runbookUrl }: AlertSettings,
): Readonly<Record<'summary' | 'description' | 'dashboard_url' | 'runbook_url', string>> {
  return {
    summary,
    description,
    dashboard_url: `${grafanaUrl}/d/${dashboard}${dashboard === 'milepost-stage' ? VARIABLES : ''}`,
    runbook_url: `${runbookUrl}#${name.toLowerCase()}`,
  };
}

// Guarded, because Grafana writes `<no value>` for a label that is not there; without the variable its default holds, all.
const VARIABLES = `?${['pipeline', 'stage', 'subdomain']
  .map((name) => `{{ if $labels.${name} }}&var-${name}={{ $labels.${name} | urlquery }}{{ end }}`)
  .join('')}`;
