import { ATTR_PIPELINE, ATTR_STAGE, ATTR_SUBDOMAIN, METRIC_STAGE_RUNS } from '@milepost/semconv';
import { type Variable } from './panel.ts';
import { labelName, prometheusName } from './prometheus-name.ts';

const RUNS = prometheusName(METRIC_STAGE_RUNS);
const PIPELINE = labelName(ATTR_PIPELINE);
const STAGE = labelName(ATTR_STAGE);
const SUBDOMAIN = labelName(ATTR_SUBDOMAIN);

/** Which stages a dashboard shows. */
export const STAGE_VARIABLES: readonly Variable[] = [
  { name: PIPELINE, label: 'Pipeline', values: `label_values(${RUNS}, ${PIPELINE})` },
  {
    name: SUBDOMAIN,
    label: 'Subdomain',
    values: `label_values(${RUNS}{${PIPELINE}=~"$pipeline"}, ${SUBDOMAIN})`,
  },
  {
    name: STAGE,
    label: 'Stage',
    values: `label_values(${RUNS}{${PIPELINE}=~"$pipeline"}, ${STAGE})`,
  },
];

/** Matchers of these variables in PromQL, for series and log lines alike. */
export const OF_STAGES = `${PIPELINE}=~"$pipeline", ${SUBDOMAIN}=~"$subdomain", ${STAGE}=~"$stage"`;
