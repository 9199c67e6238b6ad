import { subscribeLifecycle } from '@milepost/core/hooks';

/**
 * Tells of each start of a run or a stage, whose metrics shall be seen while it lasts.
 * @returns ends it
 */
export function watchStarts(onStart: () => void): () => void {
  return subscribeLifecycle({
    onEvent: ({ type }) => {
      if (type === 'run_started' || type === 'stage_started') onStart();
    },
  });
}
