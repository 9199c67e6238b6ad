import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ExecutionSummary } from '@milepost/registry';
import { type ExecutionNode, executionTree } from '../src/execution-tree.ts';
import { madeUpExecution } from './made-up-run.ts';

function drawn(nodes: readonly ExecutionNode[], depth = 0): string[] {
  return nodes.flatMap(({ stage, executions, children }) => [
    `${'  '.repeat(depth)}${stage} ${executions.length}`,
    ...drawn(children, depth + 1),
  ]);
}

function execution(
  stage: string,
  id: string,
  parent: string | undefined,
  from: number,
): ExecutionSummary {
  return madeUpExecution(stage, from, from + 1, { executionId: id, parentExecutionId: parent });
}

test('executions lie in what they ran in, by time', () => {
  const executions = [
    execution('page', 'c', 'b', 5),
    execution('deploy', 'e', undefined, 8),
    execution('ocr', 'b', undefined, 4),
    execution('page', 'd', 'b', 4.5),
    execution('fetch', 'a', undefined, 0),
    execution('lost', 'f', 'not here', 2),
  ];
  expect(drawn(executionTree(executions))).toEqual([
    'fetch 1',
    'lost 1',
    'ocr 1',
    '  page 1',
    '  page 1',
    'deploy 1',
  ]);
});

test('more than eight of a stage in one place share a line, with all that ran inside', () => {
  const pages = Array.from({ length: 9 }, (_, i) => execution('page', `p${i}`, 'ocr', i));
  const inner = Array.from({ length: 4 }, (_, i) => execution('scan', `s${i}`, `p${i}`, i));
  expect(drawn(executionTree([execution('ocr', 'ocr', undefined, 0), ...pages, ...inner]))).toEqual(
    ['ocr 1', '  page 9', '    scan 1', '    scan 1', '    scan 1', '    scan 1'],
  );
});

test('every execution is in the tree exactly once, whatever is said of parents', () => {
  const ids = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const any = fc.uniqueArray(fc.tuple(ids, fc.option(ids), fc.nat(9)), { selector: ([id]) => id });
  fc.assert(
    fc.property(any, (tuples) => {
      const executions = tuples.map(([id, parent, from]) =>
        execution('stage', id, parent ?? undefined, from),
      );
      const flat = (nodes: readonly ExecutionNode[]): ExecutionSummary[] =>
        nodes.flatMap((node) => [...node.executions, ...flat(node.children)]);
      const placed = flat(executionTree(executions));
      expect(placed).toHaveLength(executions.length);
      expect(new Set(placed)).toEqual(new Set(executions));
    }),
  );
});
