import { CliError } from './cli-error.ts';
import { counted } from './counted.ts';
import { type RepairRequest, type RepairedRun } from './repair-runs.ts';
import { terminalText } from './terminal-text.ts';

/**
 * What to type next: to write what would be written, or to send what is missing of it.
 * @param command with options before its operand
 */
export function nextLines(
  runs: readonly RepairedRun[],
  { decision, send }: RepairRequest,
  command: (options: readonly string[], runId: string) => string,
): readonly string[] {
  if (send !== undefined) return [];
  const isConfirmed = decision !== undefined;
  const [first, ...others] = runs.filter(
    ({ plan, written }) =>
      plan.refused === undefined && plan.ends.length > 0 && written === isConfirmed,
  );
  if (first === undefined) return [];
  const { runId } = first.plan;
  if (isConfirmed) {
    const spans = 'To send the spans that are missing';
    const more = others.length === 0 ? '' : ', run by run';
    return ['', `${spans}${more}:`, `  ${command(['--send'], runId)}`];
  }
  const more =
    others.length === 0 ? '' : ' (or --all in the place of the run, for all that are lost)';
  return ['', `Nothing was written. This writes it${more}:`, `  ${command(['--confirm'], runId)}`];
}

/**
 * Whether all was done that was asked for.
 * @throws {CliError} otherwise, which says what to do
 */
export function assertDone(runs: readonly RepairedRun[], { decision, send }: RepairRequest): void {
  const refused = runs.filter(({ plan }) => plan.refused !== undefined);
  const [first] = refused;
  if (first !== undefined) {
    const what = refused.length === 1 ? `run ${first.plan.runId} is` : `${refused.length} runs are`;
    throw new CliError(
      `${terminalText(what)} not lost: somebody lives who may still end it. End that process first.`,
      'left',
    );
  }
  const unrepaired = runs.filter(({ plan, written }) => !written && plan.ends.length > 0);
  if (send !== undefined && decision === undefined && unrepaired.length > 0) {
    throw new CliError(
      `nothing was sent of ${counted(unrepaired.length, 'run')} without an end: --confirm --send ends and sends it.`,
      'left',
    );
  }
  const unsent = runs.find(({ sending }) => sending?.outcome === 'lost' || sending?.lacksLogs);
  if (unsent === undefined) return;
  const why = unsent.sending?.error === undefined ? '' : `: ${terminalText(unsent.sending.error)}`;
  throw new CliError(
    `not everything of run ${terminalText(unsent.plan.runId)} was sent${why}`,
    'left',
  );
}
