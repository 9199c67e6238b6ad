import { ATTR_PIPELINE, ATTR_STAGE, ATTR_SUBDOMAIN } from '@milepost/semconv';
import { LAST_START } from './carried-values.ts';
import { type Variable } from './panel.ts';
import { labelName } from './prometheus-name.ts';

const PIPELINE = labelName(ATTR_PIPELINE);
const STAGE = labelName(ATTR_STAGE);
const SUBDOMAIN = labelName(ATTR_SUBDOMAIN);

/** Which stages a dashboard shows: those that have ever begun, however long ago, as an alert may lead to one that is silent for weeks. */
export const STAGE_VARIABLES: readonly Variable[] = [
  { name: PIPELINE, label: 'Pipeline', values: `label_values(${LAST_START}, ${PIPELINE})` },
  {
    name: SUBDOMAIN,
    label: 'Subdomain',
    values: `label_values(${LAST_START}{${PIPELINE}=~"$pipeline"}, ${SUBDOMAIN})`,
  },
  {
    name: STAGE,
    label: 'Stage',
    values: `label_values(${LAST_START}{${PIPELINE}=~"$pipeline"}, ${STAGE})`,
  },
];

/** Matchers of these variables in PromQL. */
export const OF_STAGES = `${PIPELINE}=~"$pipeline", ${SUBDOMAIN}=~"$subdomain", ${STAGE}=~"$stage"`;

/** Log lines of all pipelines and subdomains that are chosen, in LogQL. */
export const LINES_OF_PIPELINES = `{service_name=~".+"} | ${PIPELINE}=~"$pipeline" | ${SUBDOMAIN}=~"$subdomain"`;

/** Log lines of all stages that are chosen, in LogQL. */
export const LINES_OF_STAGES = `${LINES_OF_PIPELINES} | ${STAGE}=~"$stage"`;
