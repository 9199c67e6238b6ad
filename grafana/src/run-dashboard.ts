import {
  JOB_ENDED,
  OF_RUN_AND_STAGES,
  OF_RUN_ITSELF,
  STAGE_ENDED,
  STAGE_STARTED,
  UNWRAP_DURATION,
  UNWRAP_TIME,
} from './milestone-lines.ts';
import { type DashboardPlan } from './panel.ts';

// Without an ID, not the lines that have none.
const OF_RUN = '{service_name=~".+"} | run_id!="" | run_id="$run_id"';
const WRONG_ID =
  'Nothing of a run with this ID in this time. Put the ID of a run into the field above (Pipelines has links, `milepost runs` lists them), and widen the time if it ran earlier.';

const LINE_OF_MILESTONE =
  '| line_format `{{ __line__ }}{{ if .duration_seconds }} after {{ round (float64 .duration_seconds) 3 }} s{{ end }}' +
  '{{ if eq .status "partial" }} (partial){{ end }}{{ if .job_id }} [{{ .job_id }}]{{ end }}' +
  '{{ if .error_type }}: {{ .error_type }}: {{ .error_message }}{{ end }}`';
const LINE_OF_FAILURE =
  '| line_format `{{ if .stage }}[{{ .stage }}] {{ end }}{{ __line__ }}{{ if .error_type }}: {{ .error_type }}: {{ .error_message }}{{ end }}' +
  '{{ if .item_id }} | item {{ .item_id }}{{ end }}{{ if .pdf_path }} | {{ .pdf_path }}{{ end }}{{ if .page_number }} page {{ .page_number }}{{ end }}' +
  '{{ if .url }} | {{ .url }}{{ end }}{{ if .job_id }} | job {{ .job_id }}{{ end }}`';

/** One run: what happened when, and where it failed. */
export const RUN_DASHBOARD: DashboardPlan = {
  uid: 'milepost-run',
  title: 'Run',
  description:
    'One run by its ID: its stages, jobs and failures, the timeline of its milestones, and its trace.',
  variables: [
    {
      name: 'run_id',
      label: 'Run ID',
      description:
        'As in alameda_1737072000_abc123. Tables of Pipelines and Stage lead here; `milepost runs` lists the IDs, `milepost links <run>` prints the address of this page.',
    },
  ],
  from: '7d',
  panels: [
    {
      kind: 'table',
      title: 'Run $run_id',
      description:
        'Its start and its end, of each attempt. No end: it still runs, or was killed: see what has no end.',
      unit: 'dateTimeAsIso',
      noData: WRONG_ID,
      width: 12,
      height: 5,
      columns: [
        { field: 'status', title: 'Status', isStatus: true },
        { field: 'Value #A', title: 'At', unit: 'dateTimeAsIso' },
        { field: 'attempt', title: 'Attempt' },
        { field: 'pipeline', title: 'Pipeline' },
        { field: 'subdomain', title: 'Subdomain' },
        { field: 'error_type', title: 'Error' },
      ],
      sortBy: { column: 'At', descending: false },
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `max by (status, attempt, pipeline, subdomain, error_type) (max_over_time(${OF_RUN} ${OF_RUN_ITSELF} ${UNWRAP_TIME} [$__range]))`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Without an end',
      description:
        'Stages of this run that began and have said nothing of an end, and how many of them: they run, or their process is gone. `milepost status` tells which.',
      unit: 'short',
      noData: 'Every stage that began has ended. (Or there is no such run in this time.)',
      width: 12,
      height: 5,
      columns: [
        { field: 'stage', title: 'Stage' },
        { field: 'Value #A', title: 'Without an end', unit: 'short' },
      ],
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr:
            `sum by (stage) (count_over_time(${OF_RUN} ${STAGE_STARTED} [$__range]))` +
            ` - (sum by (stage) (count_over_time(${OF_RUN} ${STAGE_ENDED} [$__range]))` +
            ` or 0 * sum by (stage) (count_over_time(${OF_RUN} ${STAGE_STARTED} [$__range]))) > 0`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Stages',
      description:
        'Every try of every stage that ended, in the order of their starts: how, and how long it took.',
      unit: 's',
      noData: `No stage has ended. ${WRONG_ID}`,
      width: 12,
      height: 9,
      columns: [
        { field: 'start_time', title: 'Started' },
        { field: 'stage', title: 'Stage' },
        { field: 'stage_occurrence', title: 'Occurrence' },
        { field: 'attempt', title: 'Try' },
        { field: 'status', title: 'Status', isStatus: true },
        { field: 'Value #A', title: 'Duration', unit: 's' },
        { field: 'error_type', title: 'Error' },
      ],
      sortBy: { column: 'Started', descending: false },
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `topk(200, max by (start_time, stage, stage_occurrence, attempt, status, error_type) (max_over_time(${OF_RUN} ${STAGE_ENDED} ${UNWRAP_DURATION} [$__range])))`,
        },
      ],
    },
    {
      kind: 'traces',
      title: 'Trace',
      description:
        'The trace of the run: a trace ID opens the waterfall. Jobs that have traces of their own are listed too.',
      unit: 'none',
      noData:
        'Tempo finds no trace of this run in this time (it looks at what is older than 30 seconds). By its ID it also finds older ones: open a line of the timeline.',
      width: 12,
      height: 9,
      queries: [{ datasource: 'tempo', expr: '{ span.run.id = "$run_id" }' }],
    },
    {
      kind: 'logs',
      title: 'Timeline',
      description:
        'The milestones of the run and its stages, from its start on, each with its duration and job. Open a line for all of its fields, its trace and more.',
      unit: 'none',
      noData: WRONG_ID,
      width: 12,
      height: 12,
      queries: [
        { datasource: 'loki', expr: `${OF_RUN} ${OF_RUN_AND_STAGES} ${LINE_OF_MILESTONE}` },
      ],
    },
    {
      kind: 'logs',
      title: 'Failures',
      description:
        'Every error of the run with its stage, item, file, page and job. Open a line for the stack and the trace.',
      unit: 'none',
      noData: 'Nothing failed in this run. (Or there is no such run in this time.)',
      width: 12,
      height: 12,
      queries: [{ datasource: 'loki', expr: `${OF_RUN} | level="error" ${LINE_OF_FAILURE}` }],
    },
    {
      kind: 'table',
      title: 'Jobs by parent',
      description:
        'How many tries of jobs ended that each job added, by name and outcome. Jobs without a parent were added by whoever began the run.',
      unit: 'short',
      noData: 'This run has no jobs of a queue. (Or there is no such run in this time.)',
      width: 10,
      height: 9,
      columns: [
        { field: 'parent_job_id', title: 'Parent' },
        { field: 'job_name', title: 'Job' },
        { field: 'status', title: 'Status', isStatus: true },
        { field: 'Value #A', title: 'Tries', unit: 'short' },
      ],
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `sum by (parent_job_id, job_name, status) (count_over_time(${OF_RUN} ${JOB_ENDED} [$__range]))`,
        },
      ],
    },
    {
      kind: 'table',
      title: 'Jobs that took longest',
      description: 'The hundred tries of jobs that took longest, with the job that added each.',
      unit: 's',
      noData: 'This run has no jobs of a queue. (Or there is no such run in this time.)',
      width: 14,
      height: 9,
      columns: [
        { field: 'job_id', title: 'ID' },
        { field: 'job_name', title: 'Job' },
        { field: 'attempt', title: 'Try' },
        { field: 'status', title: 'Status', isStatus: true },
        { field: 'Value #A', title: 'Duration', unit: 's' },
        { field: 'parent_job_id', title: 'Parent' },
      ],
      sortBy: { column: 'Duration', descending: true },
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `topk(100, max by (job_id, job_name, attempt, status, parent_job_id) (max_over_time(${OF_RUN} ${JOB_ENDED} ${UNWRAP_DURATION} [$__range])))`,
        },
      ],
    },
  ],
};
