import {
  type NamedChange,
  type RunDiff,
  type RunOfDiff,
  type StageDiff,
  type ValueChange,
} from '@milepost/registry';
import { type JsonAnswer } from './run-json.ts';
import { isoTime } from './time-text.ts';

interface AnyChange {
  readonly before: unknown;
  readonly after: unknown;
}

function changeJson({ before, after }: AnyChange): JsonAnswer {
  return { before: before ?? null, after: after ?? null };
}

function valueJson(change: ValueChange): JsonAnswer {
  return { path: change.path, ...changeJson(change) };
}

function namedJson(key: string): (change: NamedChange) => JsonAnswer {
  return (change) => ({ [key]: change.name, ...changeJson(change) });
}

function runJson({ runId, pipeline, status, startTime, durationSeconds }: RunOfDiff): JsonAnswer {
  return {
    run_id: runId,
    pipeline: pipeline ?? null,
    status,
    timestamp: isoTime(startTime) ?? null,
    duration_seconds: durationSeconds ?? null,
  };
}

function stageJson(stage: StageDiff): JsonAnswer {
  const { added, removed, changed } = stage.items;
  return {
    stage: stage.stage,
    presence: stage.presence,
    state: changeJson(stage.state),
    duration_seconds: changeJson(stage.duration),
    config: stage.config.map(valueJson),
    results_summary: stage.counts.map(valueJson),
    fields: stage.fields.map(valueJson),
    items: { added, removed, changed: changed.map(namedJson('id')) },
    outputs: stage.outputs.map(namedJson('path')),
  };
}

/** The answer of `milepost diff --json`. */
export function diffJson({ before, after, isSame, source, stages }: RunDiff): JsonAnswer {
  return {
    before: runJson(before),
    after: runJson(after),
    is_same: isSame,
    source: {
      job_id: changeJson(source.jobId),
      checksums: source.checksums.map(namedJson('id')),
    },
    stages: stages.map(stageJson),
  };
}
