import { IndexDamage } from './index-sqlite.ts';
import { isJsonObject } from './own-keys.ts';
import { type RunSummary } from './run-summary.ts';

/** What JSON leaves out. */
const NOTHING = {
  pipeline: undefined,
  subdomain: undefined,
  clientId: undefined,
  parentRunId: undefined,
  lost: undefined,
  endTime: undefined,
  durationSeconds: undefined,
  error: undefined,
  reason: undefined,
  items: undefined,
};

function isSummary(value: unknown): value is RunSummary {
  return (
    isJsonObject(value) &&
    typeof value['runId'] === 'string' &&
    typeof value['startTime'] === 'number' &&
    typeof value['status'] === 'string' &&
    Array.isArray(value['stages'])
  );
}

/**
 * The summary that the index holds as JSON.
 * @throws {IndexDamage}
 */
export function parseSummary(json: string): RunSummary {
  const value: unknown = JSON.parse(json);
  if (!isSummary(value)) throw new IndexDamage('expected the summary of a run');
  return { ...NOTHING, ...value };
}
