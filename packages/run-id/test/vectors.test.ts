import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  addClientSuffix,
  convertRunId,
  createRunId,
  isRunIdError,
  jobSpanId,
  parseRunId,
  runIdAliases,
  runSpanId,
  runTraceId,
  stageSpanId,
  type RunIdFormat,
} from '@milepost/run-id';
import { nonZeroId } from '../src/hash-id.ts';
import vectors from '../vectors.json' with { type: 'json' };

const vectorsPath = fileURLToPath(new URL('../vectors.json', import.meta.url));
const checkerPath = fileURLToPath(new URL('vectors.py', import.meta.url));

/** The result of a call, or the code of the `RunIdError` that it throws, as the vectors have them. */
function outcome(call: () => unknown): { result: unknown } | { code: string } {
  try {
    return { result: call() };
  } catch (error) {
    if (isRunIdError(error)) {
      return { code: error.code };
    }
    throw error;
  }
}

function without(row: object, ...keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !keys.includes(key)));
}

describe('the code agrees with the vectors', () => {
  test.for(vectors.parse)('parse $run_id', (row) => {
    const { runId, timeMs, ...parts } = { timeMs: undefined, ...parseRunId(row.run_id) };
    const time = timeMs === undefined ? {} : { time_ms: timeMs };
    expect({ run_id: runId, ...parts, ...time }).toEqual(row);
  });

  test.for(vectors.invalid)('invalid $run_id', ({ run_id, code }) => {
    expect(outcome(() => parseRunId(run_id))).toEqual({ code });
  });

  test.for(vectors.create)('create $run_id', ({ subdomain, now_ms, random, run_id }) => {
    expect(createRunId({ subdomain, now: now_ms, random: () => random })).toBe(run_id);
  });

  test.for(vectors.convert)('convert $run_id to $to', (row) => {
    const result = outcome(() => convertRunId(row.run_id, row.to as RunIdFormat));
    expect(result).toEqual(without(row, 'run_id', 'to'));
  });

  test.for(vectors.aliases)('aliases of $run_id', ({ run_id, aliases }) => {
    expect(runIdAliases(run_id)).toEqual(aliases);
  });

  test.for(vectors.add_client)('client $client of $run_id', (row) => {
    const result = outcome(() => addClientSuffix(row.run_id, row.client));
    expect(result).toEqual(without(row, 'run_id', 'client'));
  });

  test.for(vectors.trace_ids)('trace ID of $run_id', ({ run_id, hashed, trace_id }) => {
    expect(parseRunId(run_id).base).toBe(hashed);
    expect(runTraceId(run_id)).toBe(trace_id);
  });

  test.for(vectors.span_ids)('$kind span ID $span_id', (row) => {
    expect(spanIdOf(row)).toBe(row.span_id);
  });

  test.for(vectors.non_zero)('$id is never zero', ({ id, result }) => {
    expect(nonZeroId(id)).toBe(result);
  });
});

function spanIdOf(row: (typeof vectors.span_ids)[number]): string | undefined {
  const { run_id, run_attempt: runAttempt, stage, queue, job_id } = row;
  if (stage !== undefined && row.occurrence !== undefined && row.attempt !== undefined) {
    const { occurrence, attempt } = row;
    return stageSpanId(run_id, stage, { runAttempt, occurrence, attempt });
  }
  if (queue !== undefined && job_id !== undefined && row.job_attempt !== undefined) {
    return jobSpanId(run_id, queue, job_id, { runAttempt, jobAttempt: row.job_attempt });
  }
  return row.kind === 'run' ? runSpanId(run_id, runAttempt) : undefined;
}

describe('a second implementation, in Python,', () => {
  test('agrees with the vectors', () => {
    const rows = Object.values(vectors).flat().length;
    const output = execFileSync('python3', [checkerPath, vectorsPath], { encoding: 'utf8' });
    expect(output).toBe(`${rows} of ${rows} vectors follow from the rules\n`);
  });

  test('finds one wrong digit in each section', () => {
    const directory = mkdtempSync(join(tmpdir(), 'run-id-vectors-'));
    try {
      const path = join(directory, 'vectors.json');
      const text = readFileSync(vectorsPath, 'utf8');
      const sections = Object.keys(vectors);
      const wrong = sections.map((section) => {
        // The last text of the section's first row is its result, or follows from it.
        const row = new RegExp(`("${section}": \\[\\n.*")[^"]+("[^"]*\\n)`);
        writeFileSync(path, text.replace(row, '$1wrong$2'));
        return spawnSync('python3', [checkerPath, path]).status;
      });
      expect(wrong).toEqual(sections.map(() => 1));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
