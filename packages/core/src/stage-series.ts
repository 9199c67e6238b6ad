import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_PIPELINE,
  ATTR_STAGE,
  END_STATUS_VALUES,
  type EndStatus,
  ITEM_STATUS_VALUES,
  type ItemStatus,
  RUN_END_STATUS_VALUES,
  type RunEndStatus,
} from '@milepost/semconv';
import { type Count, countsByStatus, findOrCreate, subdomainAttribute } from './bounded-series.ts';
import { globalState } from './global-state.ts';

/** What the metrics of one stage (pipeline, stage, subdomain) say in this process, since it began. */
export interface StageSeries {
  readonly attributes: Attributes;
  readonly runs: Readonly<Record<EndStatus, Count>>;
  readonly items: Readonly<Record<ItemStatus, Count>>;
  readonly errors: Map<string, Count>;
  readonly volume: Map<string, Count>;
  active: number;
  /** Unix seconds; undefined as long as it has not happened. */
  lastStart: number | undefined;
  lastSuccess: number | undefined;
  lastFailure: number | undefined;
  /** Seconds. */
  expectedInterval: number | undefined;
}

/** What the metrics of one pipeline (pipeline, subdomain) say in this process, since it began. */
export interface RunSeries {
  readonly runs: Readonly<Record<RunEndStatus, Count>>;
}

interface AllSeries {
  readonly stages: Map<string, StageSeries>;
  readonly runs: Map<string, RunSeries>;
}

const series = globalState('series', (): AllSeries => ({ stages: new Map(), runs: new Map() }));

/** Every series of this process, for those who export them. */
export function allSeries(): AllSeries {
  return series;
}

/** The series of a stage, made at its first start: its counters exist from 0 on. */
export function stageSeries(
  pipeline: string,
  stage: string,
  subdomain: string | undefined,
): StageSeries {
  return findOrCreate(series.stages, `${pipeline}\0${stage}\0${subdomain ?? ''}`, (overflow) => {
    const attributes = overflow
      ? { 'otel.metric.overflow': true }
      : { [ATTR_PIPELINE]: pipeline, [ATTR_STAGE]: stage, ...subdomainAttribute(subdomain) };
    return {
      attributes,
      runs: countsByStatus(END_STATUS_VALUES, attributes),
      items: countsByStatus(ITEM_STATUS_VALUES, attributes),
      errors: new Map(),
      volume: new Map(),
      active: 0,
      lastStart: undefined,
      lastSuccess: undefined,
      lastFailure: undefined,
      expectedInterval: undefined,
    };
  });
}

/** The series of a pipeline, made at the start of its first run. */
export function runSeries(pipeline: string, subdomain: string | undefined): RunSeries {
  return findOrCreate(series.runs, `${pipeline}\0${subdomain ?? ''}`, (overflow) => ({
    runs: countsByStatus(
      RUN_END_STATUS_VALUES,
      overflow
        ? { 'otel.metric.overflow': true }
        : { [ATTR_PIPELINE]: pipeline, ...subdomainAttribute(subdomain) },
    ),
  }));
}
