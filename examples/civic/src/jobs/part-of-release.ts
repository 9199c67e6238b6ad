import { type Order } from '../job-data.ts';
import { optionsOf } from '../queues.ts';
import { type WorkerTools } from '../worker-tools.ts';

const PARTS = ['compilation', 'extraction'] as const;

/** Notes that a part of what is deployed is there. When all are, it is deployed. */
export async function partOfReleaseIsDone(
  part: (typeof PARTS)[number],
  order: Order,
  { done, queues }: WorkerTools,
): Promise<void> {
  if (!(await done.note(`${order.key}:release`, part, PARTS.length))) return;
  await queues.deploy.add('deploy_job', { order }, optionsOf(order, 'deploy'));
}
