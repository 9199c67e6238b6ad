import { type Status } from '@milepost/semconv';

/** The colour of each status, of series and cells alike. */
export const STATUS_COLOURS: Readonly<Record<Status, string>> = {
  started: 'blue',
  completed: 'green',
  partial: 'yellow',
  failed: 'red',
  cancelled: 'orange',
  skipped: 'text',
};
