import { type DashboardPlan } from './panel.ts';

const OF_RUN = '{service_name=~".+"} | run_id="$run_id"';
const MILESTONES = '_(started|completed|failed|cancelled|skipped)$';
const ENDS = '_(completed|failed|cancelled|skipped)$';

/** One run: what happened when, and where it failed. */
export const RUN_DASHBOARD: DashboardPlan = {
  uid: 'milepost-run',
  title: 'Run',
  description: 'One run by its ID: its milestones, stages, jobs and failures, and its trace.',
  variables: [{ name: 'run_id', label: 'Run ID' }],
  from: '7d',
  panels: [
    {
      kind: 'table',
      title: 'Stages',
      description:
        'How long each stage took, and how it ended; tries of one stage count as one, the longest.',
      unit: 's',
      noData: 'No stage of this run has ended.',
      width: 12,
      height: 8,
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `sort_desc(max by (stage, status) (max_over_time(${OF_RUN} | stage!="" |~ "${ENDS}" | duration_seconds!="" | unwrap duration_seconds [$__range])))`,
        },
      ],
    },
    {
      kind: 'traces',
      title: 'Trace',
      description: 'The trace of the run: open it for the waterfall.',
      unit: 'none',
      noData:
        'Tempo finds no trace of this run in this time. By its ID it also finds older ones: see the lines.',
      width: 12,
      height: 8,
      queries: [{ datasource: 'tempo', expr: '{ span.run.id = "$run_id" }' }],
    },
    {
      kind: 'logs',
      title: 'Timeline',
      description: 'The milestones of the run, its stages and jobs.',
      unit: 'none',
      noData: 'No lines of this run in this time. Is the run ID right?',
      width: 12,
      height: 12,
      queries: [{ datasource: 'loki', expr: `${OF_RUN} |~ "${MILESTONES}"` }],
    },
    {
      kind: 'logs',
      title: 'Failures',
      description:
        'Every error of the run with its stage, item, file and page. Open a line for the stack.',
      unit: 'none',
      noData: 'Nothing failed in this run.',
      width: 12,
      height: 12,
      queries: [
        {
          datasource: 'loki',
          expr:
            `${OF_RUN} | level="error"` +
            ' | line_format "{{.stage}} {{.item_id}} {{.pdf_path}} {{.page_number}} {{.error_type}}: {{.error_message}}"',
        },
      ],
    },
    {
      kind: 'table',
      title: 'Jobs by parent',
      description:
        'How many jobs each job started, by name and outcome; a job without a parent began the run.',
      unit: 'short',
      noData: 'This run has no jobs of a queue.',
      width: 24,
      height: 8,
      queries: [
        {
          datasource: 'loki',
          instant: true,
          expr: `sum by (parent_job_id, job_name, status) (count_over_time(${OF_RUN} |~ "^(Completed|Failed) " | job_id!="" [$__range]))`,
        },
      ],
    },
  ],
};
