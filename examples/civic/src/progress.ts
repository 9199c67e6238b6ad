import { setTimeout } from 'node:timers/promises';
import { type Registry } from '@milepost/registry';
import { parseRunRecord, type RunRecord } from './run-record.ts';

/** Where progress is shown: a terminal, where the last line is rewritten, or a file, which gets a line for each change. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const POLL_MS = 250;
// A stage that is spread over jobs is open until the coordinator ends it.
const UNDER_WAY: ReadonlySet<string> = new Set(['running', 'open']);
const CLEAR_LINE = '\r\u{1B}[2K';

/**
 * Shows the stages and jobs of a run, as all its processes record them, until it has ended.
 *
 * @param killed what was killed so far, in words: grows meanwhile, and is told when it does
 * @returns the record of the run at its end
 * @throws the reason of the signal
 */
export async function followRun(
  registry: Pick<Registry, 'getCentralRegistry'>,
  run: { readonly id: string; readonly attempt: number },
  stream: ProgressStream,
  signal: AbortSignal,
  killed: readonly string[] = [],
): Promise<RunRecord> {
  let shown = '';
  let told = 0;
  try {
    for (;;) {
      const record = parseRunRecord(await registry.getCentralRegistry(run.id));
      for (const what of killed.slice(told)) {
        stream.write(
          `${stream.isTTY === true ? CLEAR_LINE : ''}killed ${what}: another one will\n`,
        );
        shown = '';
      }
      told = killed.length;
      const line = progressLine(record);
      if (line !== shown) show(stream, line);
      shown = line;
      if (record.attempt >= run.attempt && record.state === 'ended') return record;
      // The record is looked at, as anyone may: no worker is asked.
      await setTimeout(POLL_MS, undefined, { signal });
    }
  } finally {
    if (stream.isTTY === true) stream.write(CLEAR_LINE);
  }
}

/** How far the stages of a run are, and how many jobs there are in all: `fetch completed  ocr 12/50, 3 running  ...`. */
function progressLine({ pipeline_steps: steps, jobs }: RunRecord): string {
  const stages = Object.entries(steps).map(([name, { status, state = status, jobs: shared }]) => {
    if (shared === undefined || !UNDER_WAY.has(state)) return `${name} ${state}`;
    const { expected = shared.total, running, completed, failed } = shared;
    const trouble = failed > 0 ? `, ${failed} failed` : '';
    return `${name} ${completed}/${expected}${trouble}, ${running} running`;
  });
  const done = jobs.filter(({ state }) => state !== 'running').length;
  return `${stages.join('  ')}  jobs ${done}/${jobs.length}`;
}

function show(stream: ProgressStream, line: string): void {
  if (stream.isTTY !== true) {
    stream.write(`${line}\n`);
    return;
  }
  // Some terminals do not know how wide they are. One column is left free: a full line would wrap, and could not be cleared.
  stream.write(`${CLEAR_LINE}${line.slice(0, Math.max(1, (stream.columns || 80) - 1))}`);
}
