import { type RunSummary } from '@milepost/registry';

/** One word for how a run is: its status once it has one, else whether it runs or is open. */
export function stateOfRun({ status, state }: RunSummary): string {
  return status === 'started' ? state : status;
}
