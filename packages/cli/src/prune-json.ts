import { type PruneReport } from '@milepost/registry';
import { type JsonAnswer, problemsJson, timeJson } from './run-json.ts';

/** The answer of `milepost prune --json`. */
export function pruneJson(report: PruneReport): JsonAnswer {
  return {
    dry_run: report.dryRun,
    files: report.files,
    bytes: report.bytes,
    pruned: report.pruned.map((run) => ({
      run_id: run.runId,
      pipeline: run.pipeline ?? null,
      subdomain: run.subdomain ?? null,
      status: run.status ?? null,
      state: run.state ?? null,
      timestamp: timeJson(run.startTime),
      files: run.files,
      bytes: run.bytes,
    })),
    kept: report.kept.map(({ runId, pipeline, startTime, reason, sourceOf }) => ({
      run_id: runId,
      pipeline: pipeline ?? null,
      timestamp: timeJson(startTime),
      reason,
      source_of: sourceOf ?? null,
    })),
    not_selected: report.notSelected,
    problems: problemsJson(report.problems),
  };
}
