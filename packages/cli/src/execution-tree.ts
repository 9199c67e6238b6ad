import { type ExecutionSummary } from '@milepost/registry';

/** One line of the waterfall: an execution, or many of one stage together, with what ran inside. */
export interface ExecutionNode {
  readonly stage: string;
  /** Never empty; more than one where a stage ran so often that one line tells of all. */
  readonly executions: readonly [ExecutionSummary, ...ExecutionSummary[]];
  readonly children: readonly ExecutionNode[];
}

/** Executions of one stage in one place that have a line each; more share one. */
const MAX_SIBLINGS = 8;

function idsOf(executions: readonly ExecutionSummary[]): ReadonlySet<string> {
  return new Set(executions.flatMap(({ executionId }) => executionId ?? []));
}

function nodesOf(
  siblings: readonly ExecutionSummary[],
  childrenOf: (parents: ReadonlySet<string>) => readonly ExecutionSummary[],
): readonly ExecutionNode[] {
  const byStage = Map.groupBy(siblings, ({ stage }) => stage);
  const together = new Set<string>();
  return siblings.flatMap((execution) => {
    const { stage } = execution;
    const alike = byStage.get(stage) ?? [];
    if (together.has(stage)) return [];
    const isMany = alike.length > MAX_SIBLINGS;
    if (isMany) together.add(stage);
    const others = isMany ? alike.filter((one) => one !== execution) : [];
    const executions: ExecutionNode['executions'] = [execution, ...others];
    return { stage, executions, children: nodesOf(childrenOf(idsOf(executions)), childrenOf) };
  });
}

/**
 * Executions as they lie inside each other, each level by time. What names a parent that is not among them, or lies in a circle,
 * stands at the top.
 */
export function executionTree(executions: readonly ExecutionSummary[]): readonly ExecutionNode[] {
  const ordered = executions.toSorted((a, b) => a.startTime - b.startTime);
  const known = idsOf(ordered);
  const isTop = ({ parentExecutionId: parent }: ExecutionSummary): boolean =>
    parent === undefined || !known.has(parent);
  const placed = new Set<ExecutionSummary>();
  const place = (some: readonly ExecutionSummary[]): readonly ExecutionSummary[] => {
    const free = some.filter((execution) => !placed.has(execution));
    for (const execution of free) placed.add(execution);
    return free;
  };
  const childrenOf = (parents: ReadonlySet<string>): readonly ExecutionSummary[] =>
    place(
      ordered.filter(
        ({ parentExecutionId: parent }) => parent !== undefined && parents.has(parent),
      ),
    );
  const tops = nodesOf(place(ordered.filter(isTop)), childrenOf);
  const left = ordered.filter((execution) => !placed.has(execution));
  return [...tops, ...left.flatMap((execution) => nodesOf(place([execution]), childrenOf))];
}
