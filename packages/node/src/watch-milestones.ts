import { subscribeLifecycle } from '@milepost/core/hooks';

/**
 * Tells of each start and end of a run or a stage, whose metrics shall be seen now: a failure is told while its process
 * lives on, and what is stuck is known to have begun.
 * @returns ends it
 */
export function watchMilestones(onMilestone: () => void): () => void {
  return subscribeLifecycle({
    onEvent: ({ type }) => {
      if (MILESTONES.has(type)) onMilestone();
    },
  });
}

const MILESTONES: ReadonlySet<string> = new Set([
  'run_started',
  'run_ended',
  'stage_started',
  'stage_ended',
]);
