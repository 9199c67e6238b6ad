/** What is exported: a row for each of these. */
export const EXPORTED_VALUES = ['runs', 'stages', 'items', 'failures', 'outputs'] as const;
/** What is exported: a row for each of these. */
export type Exported = (typeof EXPORTED_VALUES)[number];

const ERROR_COLUMNS = ['error_type', 'error_message', 'error_category'] as const;
const ITEM_COLUMNS = ['items_total', 'items_successful', 'items_failed'] as const;
const TIME_COLUMNS = ['timestamp', 'end_time', 'duration_seconds'] as const;
const RUN_COLUMNS = ['run_id', 'pipeline', 'subdomain'] as const;

/** The names of the columns of each kind, in their order. Further ones may be added at the end. */
export const EXPORT_COLUMNS: Readonly<Record<Exported, readonly string[]>> = {
  runs: [
    ...RUN_COLUMNS,
    'client_id',
    'parent_run_id',
    'implicit',
    'attempt',
    'status',
    'state',
    ...TIME_COLUMNS,
    ...ITEM_COLUMNS,
    ...ERROR_COLUMNS,
    'reason',
  ],
  stages: [
    ...RUN_COLUMNS,
    'stage',
    'execution_id',
    'parent_execution_id',
    'run_attempt',
    'occurrence',
    'attempt',
    'state',
    ...TIME_COLUMNS,
    ...ITEM_COLUMNS,
    ...ERROR_COLUMNS,
    'reason',
  ],
  items: [...RUN_COLUMNS, 'stage', 'item_id', 'status', ...ERROR_COLUMNS],
  failures: [...RUN_COLUMNS, 'stage', 'item_id', ...ERROR_COLUMNS],
  outputs: [
    ...RUN_COLUMNS,
    'stage',
    'execution_id',
    'item_id',
    'path',
    'size',
    'sha256',
    'missing',
  ],
};
