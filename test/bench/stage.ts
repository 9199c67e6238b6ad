import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import {
  type Attributes,
  type Context,
  type LoggerProvider,
  type MeterProvider,
  SeverityNumber,
  SpanStatusCode,
  type TracerProvider,
  context,
  logs,
  metrics,
  trace,
} from '@opentelemetry/api';
import { withRun, withStage } from '@milepost/core';
import { DURATION_BUCKETS_SECONDS } from '@milepost/semconv';

// The same stage twice: by hand with the OpenTelemetry API, and with Milepost. Both emit one span with the same attributes, the
// `started` and the end log with the same fields, and the same metrics. `npm run bench` counts the signals of both.

/** The work of the stage: as little as there can be. */
async function work(): Promise<number> {
  return 47;
}

/** How many stages go by before the program turns to its input and output, as real ones do. */
const STAGES_PER_TURN = 50;

const RUN_ID = 'alameda_1737072000_abc123';
const PIPELINE = 'minutes';
const SUBDOMAIN = 'alameda';

/** Providers of an SDK. */
export interface Providers {
  readonly tracers: TracerProvider;
  readonly loggers: LoggerProvider;
  readonly meters: MeterProvider;
}

const GLOBAL: Providers = { tracers: trace, loggers: logs, meters: metrics };

/** Runs stages written by hand. Tracer, logger and instruments are made once, as good code does. */
export function handWrittenStages(
  stages: readonly string[],
  providers: Providers = GLOBAL,
): (count: number) => Promise<void> {
  const tracer = providers.tracers.getTracer('by-hand');
  const logger = providers.loggers.getLogger('by-hand');
  const meter = providers.meters.getMeter('by-hand');
  const runs = meter.createCounter('pipeline.stage.runs', { unit: '{run}' });
  const volume = meter.createCounter('pipeline.stage.volume');
  const active = meter.createUpDownCounter('pipeline.stage.active', { unit: '{stage}' });
  const errors = meter.createCounter('pipeline.stage.errors', { unit: '{error}' });
  const lastStart = meter.createGauge('pipeline.stage.last_start.timestamp', { unit: 's' });
  const lastSuccess = meter.createGauge('pipeline.stage.last_success.timestamp', { unit: 's' });
  const lastFailure = meter.createGauge('pipeline.stage.last_failure.timestamp', { unit: 's' });
  const duration = meter.createHistogram('pipeline.stage.duration', {
    unit: 's',
    advice: { explicitBucketBoundaries: [...DURATION_BUCKETS_SECONDS] },
  });

  const stage = (name: string, occurrence: number, fn: () => Promise<number>): Promise<number> => {
    const start = Date.now();
    const startedAt = performance.now();
    const series: Attributes = { pipeline: PIPELINE, stage: name, subdomain: SUBDOMAIN };
    const base: Attributes = {
      'run.id': RUN_ID,
      pipeline: PIPELINE,
      stage: name,
      subdomain: SUBDOMAIN,
      attempt: 1,
      retry_count: 0,
      'stage.occurrence': occurrence,
    };
    const attributes = { ...base, 'pipeline.unit': 'stage' };
    return tracer.startActiveSpan(name, { attributes }, async (span) => {
      const active_: Context = context.active();
      active.add(1, series);
      lastStart.record(start / 1000, series);
      logger.emit({
        eventName: `${name}_started`,
        body: `${name}_started`,
        severityNumber: SeverityNumber.INFO,
        severityText: 'INFO',
        context: active_,
        attributes: {
          ...base,
          level: 'info',
          status: 'started',
          start_time: new Date(start).toISOString(),
        },
      });
      try {
        const pages = await fn();
        const end = Date.now();
        const seconds = (performance.now() - startedAt) / 1000;
        volume.add(pages, { ...series, name: 'total_pages' });
        active.add(-1, series);
        runs.add(1, { ...series, status: 'completed' });
        duration.record(seconds, { ...series, status: 'completed' });
        lastSuccess.record(end / 1000, series);
        logger.emit({
          eventName: `${name}_completed`,
          body: `${name}_completed`,
          severityNumber: SeverityNumber.INFO,
          severityText: 'INFO',
          context: active_,
          attributes: {
            ...base,
            level: 'info',
            status: 'completed',
            'duration.seconds': seconds,
            start_time: new Date(start).toISOString(),
            end_time: new Date(end).toISOString(),
            total_pages: pages,
          },
        });
        span.setAttributes({ status: 'completed', total_pages: pages });
        return pages;
      } catch (error) {
        active.add(-1, series);
        runs.add(1, { ...series, status: 'failed' });
        errors.add(1, { ...series, 'error.type': 'Error', 'error.category': 'unknown' });
        lastFailure.record(Date.now() / 1000, series);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
  };

  return (count) =>
    tracer.startActiveSpan(PIPELINE, async (root) => {
      for (let i = 0; i < count; i += 1) {
        await stage(stages[i % stages.length] ?? '', Math.floor(i / stages.length) + 1, work);
        if (i % STAGES_PER_TURN === 0) await setImmediate();
      }
      root.end();
    });
}

/** Runs the same stages with Milepost, each call one run. */
export function milepostStages(stages: readonly string[]): (count: number) => Promise<void> {
  return (count) =>
    withRun({ pipeline: PIPELINE, subdomain: SUBDOMAIN }, () => wrappedStages(stages, count));
}

/** Runs the same stages with Milepost, all calls in one run that goes on until `end`. */
export async function milepostStagesOfOneRun(stages: readonly string[]): Promise<{
  readonly run: (count: number) => Promise<void>;
  readonly end: () => Promise<void>;
}> {
  const begun = Promise.withResolvers<(count: number) => Promise<void>>();
  const ending = Promise.withResolvers<void>();
  const ended = withRun({ pipeline: PIPELINE, subdomain: SUBDOMAIN }, () => {
    begun.resolve(AsyncResource.bind((count: number) => wrappedStages(stages, count)));
    return ending.promise;
  });
  return {
    run: await begun.promise,
    async end() {
      ending.resolve();
      await ended;
    },
  };
}

async function wrappedStages(stages: readonly string[], count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await withStage(stages[i % stages.length] ?? '', async (stage) => {
      const pages = await work();
      stage.count('total_pages', pages);
      return pages;
    });
    if (i % STAGES_PER_TURN === 0) await setImmediate();
  }
}
