import { type RunDetail } from '@milepost/registry';

/** The milestones that a run must have told, from its record: names of events, and bodies where jobs are told. Sorted. */
export function expectedLines(run: RunDetail): readonly string[] {
  const stages = run.executions.flatMap(({ stage, state, endTime }) => [
    `${stage}_started`,
    ...(endTime === undefined ? [] : [`${stage}_${endOf(state)}`]),
  ]);
  const jobs = run.jobs.flatMap(({ name, tries }) =>
    tries.flatMap(({ state, endTime }) => [
      `Started ${name}`,
      ...(endTime === undefined ? [] : [`${capital(endOf(state))} ${name}`]),
    ]),
  );
  const end = run.state === 'ended' ? [`run_${endOf(run.status)}`] : [];
  return ['run_started', ...end, ...stages, ...jobs].toSorted();
}

/** The last word of the milestone: some failed items are no failure of all, and what is to be tried again has failed. */
function endOf(state: string): string {
  if (state === 'partial') return 'completed';
  return state === 'retrying' ? 'failed' : state;
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
