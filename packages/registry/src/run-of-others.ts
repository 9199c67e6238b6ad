import { type RunState } from './run-fold.ts';

/** Whether nothing was recorded of a run but what others wrote of it: then the hub that they have is its hub. */
export function isOfOthers({ attempts, executions, saved }: RunState): boolean {
  return attempts.size === 0 && executions.size === 0 && saved.size === 0;
}
