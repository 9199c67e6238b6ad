import {
  ATTR_PIPELINE,
  ATTR_STAGE,
  ATTR_SUBDOMAIN,
  METRIC_STAGE_LAST_START,
} from '@milepost/semconv';
import { type Variable } from './panel.ts';
import { labelName, prometheusName } from './prometheus-name.ts';

// Also a stage that has begun and never ended.
const STARTS = prometheusName(METRIC_STAGE_LAST_START);
const PIPELINE = labelName(ATTR_PIPELINE);
const STAGE = labelName(ATTR_STAGE);
const SUBDOMAIN = labelName(ATTR_SUBDOMAIN);

/** Which stages a dashboard shows. */
export const STAGE_VARIABLES: readonly Variable[] = [
  { name: PIPELINE, label: 'Pipeline', values: `label_values(${STARTS}, ${PIPELINE})` },
  {
    name: SUBDOMAIN,
    label: 'Subdomain',
    values: `label_values(${STARTS}{${PIPELINE}=~"$pipeline"}, ${SUBDOMAIN})`,
  },
  {
    name: STAGE,
    label: 'Stage',
    values: `label_values(${STARTS}{${PIPELINE}=~"$pipeline"}, ${STAGE})`,
  },
];

/** Matchers of these variables in PromQL. */
export const OF_STAGES = `${PIPELINE}=~"$pipeline", ${SUBDOMAIN}=~"$subdomain", ${STAGE}=~"$stage"`;

/** Log lines of all pipelines and subdomains that are chosen, in LogQL. */
export const LINES_OF_PIPELINES = `{service_name=~".+"} | ${PIPELINE}=~"$pipeline" | ${SUBDOMAIN}=~"$subdomain"`;

/** Log lines of all stages that are chosen, in LogQL. */
export const LINES_OF_STAGES = `${LINES_OF_PIPELINES} | ${STAGE}=~"$stage"`;
