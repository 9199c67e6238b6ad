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

const VARIABLES =
  '?var-pipeline={{ $labels.pipeline | urlquery }}&var-stage={{ $labels.stage | urlquery }}&var-subdomain={{ $labels.subdomain | urlquery }}';
