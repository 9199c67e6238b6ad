import { type Execution } from './executions.ts';

/** One occurrence of a stage in a run attempt, with all its tries. */
export interface Occurrence {
  /** From 1 on, by time of the first start. */
  readonly number: number;
  /** From the first try to the last; never empty. */
  readonly tries: readonly Execution[];
  readonly last: Execution;
}

interface Chain {
  readonly tries: Execution[];
  last: Execution;
}

/**
 * Numbers the occurrences of one stage in one run attempt. Processes count for themselves, so two may both begin a
 * first occurrence: each first try begins an occurrence, each later try goes on with the first one of the same stated
 * number, in the same job, that it can follow.
 * @param executions of one stage and run attempt, by start time, then by execution ID
 */
export function occurrencesOf(executions: readonly Execution[]): readonly Occurrence[] {
  const chains: Chain[] = [];
  for (const execution of executions) {
    const followed =
      execution.attempt === 1
        ? undefined
        : chains.find(
            ({ last }) =>
              last.job === execution.job &&
              last.statedOccurrence === execution.statedOccurrence &&
              last.attempt < execution.attempt,
          );
    if (followed === undefined) {
      chains.push({ tries: [execution], last: execution });
    } else {
      followed.tries.push(execution);
      followed.last = execution;
    }
  }
  return chains.map(({ tries, last }, index) => ({ number: index + 1, tries, last }));
}

/** The number that each execution of a run shows as its occurrence, by execution ID. */
export function occurrenceNumbers(executions: readonly Execution[]): ReadonlyMap<string, number> {
  const groups = Map.groupBy(executions, ({ stage, runAttempt }) => `${runAttempt}\0${stage}`);
  const numbers = new Map<string, number>();
  for (const group of groups.values()) {
    for (const { number, tries } of occurrencesOf(group)) {
      for (const { executionId } of tries) numbers.set(executionId, number);
    }
  }
  return numbers;
}
