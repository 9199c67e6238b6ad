import { type ExecutionSummary, type ItemTotals, type ReadStepState } from '@milepost/registry';
import { worstStepState } from '@milepost/semconv/schemas';
import { durationText } from './duration-text.ts';
import { isUnderWay, spanOfExecution } from './execution-span.ts';
import { type ExecutionNode } from './execution-tree.ts';
import { addItems } from './item-counts.ts';
import { stageJobsText } from './stage-jobs.ts';
import { terminalText } from './terminal-text.ts';
import { hullOf, type TimeSpan } from './time-axis.ts';

const MAX_DEPTH = 8;
const INDENT = '  ';

/** One line of the waterfall. */
export interface WaterfallRow {
  readonly label: string;
  readonly state: string;
  readonly took: string;
  readonly span: TimeSpan | undefined;
  readonly isRunning: boolean;
  readonly items: ItemTotals | undefined;
  /** How many of the jobs that it expects have ended; empty where it expects none. */
  readonly jobs: string;
  /** Executions that failed, of how many, where one line tells of many. */
  readonly failed: readonly [number, number] | undefined;
}

/** The name of an execution: its stage, and which time or try it was. */
export function executionLabel({ stage, occurrence, attempt }: ExecutionSummary): string {
  const name = terminalText(stage, 60);
  const time = occurrence > 1 ? ` #${occurrence}` : '';
  return `${name}${time}${attempt > 1 ? ` try ${attempt}` : ''}`;
}

function tookOf(execution: ExecutionSummary, now: number): string {
  if (execution.durationSeconds !== undefined) return durationText(execution.durationSeconds);
  // One that is spread over jobs has no end until somebody ends it: its age is all there is to tell.
  if (!isUnderWay(execution) && execution.state !== 'open') return '-';
  return durationText(Math.max(0, now - execution.startTime) / 1000);
}

/** The state that executions in one line show: a lost one asks for a look before all others. */
function worstStateOf(executions: readonly ExecutionSummary[]): ReadStepState {
  const states = executions.flatMap(({ state }) => (state === 'lost' ? [] : state));
  return states.length < executions.length ? 'lost' : worstStepState(states);
}

function rowOf({ executions, stage }: ExecutionNode, depth: number, now: number): WaterfallRow {
  const [first, ...others] = executions;
  const span = hullOf(executions.map((execution) => spanOfExecution(execution, now)));
  const indent = INDENT.repeat(Math.min(depth, MAX_DEPTH));
  const isRunning = executions.some(isUnderWay);
  if (others.length === 0) {
    const { state, items } = first;
    const label = indent + executionLabel(first);
    const jobs = stageJobsText(first);
    const took = tookOf(first, now);
    return { label, state, took, span, isRunning, items, jobs, failed: undefined };
  }
  const failures = executions.filter(({ state }) => state === 'failed').length;
  return {
    label: `${indent}${terminalText(stage, 60)} ×${executions.length}`,
    state: worstStateOf(executions),
    took: span === undefined ? '-' : durationText((span.endTime - span.startTime) / 1000),
    span,
    isRunning,
    items: addItems(executions.map(({ items }) => items)),
    jobs: '',
    failed: failures === 0 ? undefined : [failures, executions.length],
  };
}

/** The lines of a tree of executions, each with what ran inside it below. */
export function rowsOf(
  nodes: readonly ExecutionNode[],
  depth: number,
  now: number,
): readonly WaterfallRow[] {
  return nodes.flatMap((node) => [
    rowOf(node, depth, now),
    ...rowsOf(node.children, depth + 1, now),
  ]);
}

/** The line of a stage that has not begun. */
export function pendingRow(stage: string): WaterfallRow {
  return {
    label: terminalText(stage, 60),
    state: 'pending',
    took: '',
    span: undefined,
    isRunning: false,
    items: undefined,
    jobs: '',
    failed: undefined,
  };
}
