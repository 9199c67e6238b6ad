import {
  type ErrorDescription,
  type JobIdentity,
  type LifecycleEvent,
  type RunIdentity,
  type SpanPlace,
  type StageIdentity,
} from '@milepost/core/hooks';

/** An event that becomes a record as it is. Outputs are looked at first. */
export type RecordedEvent = Exclude<LifecycleEvent, { type: 'output_recorded' }>;

/** JSON has no NaN and no infinity: a number that is none would make the record unreadable. */
function number(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** An attempt or occurrence: from 1 on. */
function ordinal(value: number): number {
  return Number.isInteger(value) && value > 0 ? value : 1;
}

/** `,"key":value`, or nothing for undefined. */
function key(name: string, value: unknown): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}

/** The same for an object, or nothing for one without keys. */
function objectKey(name: string, value: object): string {
  for (const _ in value) return `,"${name}":${JSON.stringify(value)}`;
  return '';
}

function flagsKey(flags: readonly string[]): string {
  return flags.length === 0 ? '' : `,"flags":${JSON.stringify(flags)}`;
}

function errorKey(error: ErrorDescription | undefined): string {
  if (error === undefined) return '';
  const { type, message, category, stack } = error;
  const record = { error_type: type, error_message: message, error_category: category, stack };
  return `,"error":${JSON.stringify(record)}`;
}

function countsKey(counts: Readonly<Record<string, number>>): string {
  let text = '';
  for (const name in counts) {
    const count = counts[name];
    if (Number.isFinite(count)) text += `,${JSON.stringify(name)}:${count}`;
  }
  return text === '' ? '' : `,"counts":{${text.slice(1)}}`;
}

function runText(run: RunIdentity): string {
  const { subdomain, clientId, parentRunId, traceId, stages, source } = run;
  return (
    `,"run_attempt":${ordinal(run.attempt)},"pipeline":${JSON.stringify(run.pipeline)}` +
    `${key('subdomain', subdomain)}${key('client_id', clientId)}` +
    `${key('parent_run_id', parentRunId)}${run.implicit ? ',"implicit":true' : ''}` +
    `,"trace_id":${JSON.stringify(traceId)}` +
    `,"stages":${JSON.stringify(stages)}${key('source', source)}${run.begun ? ',"begun":true' : ''}`
  );
}

/** What every record of one execution has, which is worth keeping while it runs. */
export function executionText(stage: StageIdentity): string {
  return (
    `,"run_attempt":${ordinal(stage.run.attempt)},"stage":${JSON.stringify(stage.name)}` +
    `,"occurrence":${ordinal(stage.occurrence)},"attempt":${ordinal(stage.attempt)}` +
    `,"execution_id":${JSON.stringify(stage.executionId)}`
  );
}

/** Nothing for what will be exported, as nearly everything is. */
function sampledKey(span: SpanPlace | undefined): string {
  return span?.isSampled === false ? ',"sampled":false' : '';
}

/** Where the span of an execution hangs, where that is not in the span of the execution around it. */
function parentSpanKey({ parentExecutionId }: StageIdentity, span: SpanPlace | undefined): string {
  const parent = span?.parentSpanId;
  return parent === undefined || parent === parentExecutionId
    ? ''
    : `,"parent_span_id":"${parent}"`;
}

function parentKey({ parentExecutionId }: StageIdentity): string {
  return key('parent_execution_id', parentExecutionId);
}

/** The record by which a segment that begins in the middle of a run says which run that is, as JSON text. */
export function runJoinedText(run: RunIdentity, time: number): string {
  return `{"kind":"run_joined","time":${time}${runText(run)},"started_at":${number(run.startTime)}}`;
}

function runStartedText(
  event: Extract<RecordedEvent, { type: 'run_started' }>,
  time: number,
): string {
  const { run, fields, flags } = event;
  const rest = `${runText(run)}${objectKey('fields', fields)}${flagsKey(flags)}`;
  return run.joined
    ? `{"kind":"run_joined","time":${time}${rest},"started_at":${number(run.startTime)}}`
    : `{"kind":"run_started","time":${time}${rest}${key('span_id', event.span?.spanId)}${sampledKey(event.span)}}`;
}

function stageEndedText(
  event: Extract<RecordedEvent, { type: 'stage_ended' }>,
  time: number,
  execution: string,
): string {
  const { stage } = event;
  const endedBy = stage.spread ? placeKeys(stage.job) : '';
  return (
    `{"kind":"stage_ended","time":${time}${execution}${parentKey(stage)}` +
    `${endKeys(event)}${endedBy}}`
  );
}

/** What the records of a stage's end and of a job's have in common. */
function endKeys(event: Extract<RecordedEvent, { type: 'stage_ended' | 'job_ended' }>): string {
  const { error, reason, counts, fields, config, metadata, items, flags } = event;
  return (
    `,"status":"${event.status}"${event.willRetry ? ',"will_retry":true' : ''}` +
    `,"duration_seconds":${number(event.durationSeconds)}` +
    `${errorKey(error)}${key('reason', reason)}${countsKey(counts)}` +
    `${objectKey('fields', fields)}${key('config', config)}${objectKey('metadata', metadata)}` +
    `${key('items', items)}${flagsKey(flags)}`
  );
}

/** What the record of a stage's start says besides, where jobs are around or below it. */
function spreadKeys({
  stage,
  config,
  expected,
}: Extract<RecordedEvent, { type: 'stage_started' }>): string {
  const { spread, job } = stage;
  return (
    `${spread ? ',"spread":true' : ''}${key('expected', expected)}` +
    `${key('config', config)}${placeKeys(job)}`
  );
}

function placeKeys(job: JobIdentity | undefined): string {
  return job === undefined
    ? ''
    : `,"queue":${JSON.stringify(job.queue)},"job_id":${JSON.stringify(job.jobId)}`;
}

/** Nothing for a wait that no clock shows. */
function waitKey(seconds: number | undefined): string {
  return Number.isFinite(seconds) ? `,"wait_seconds":${seconds}` : '';
}

/** Nothing for a span in the trace of the run. */
function ownTraceKey({ run, traceId }: Extract<RecordedEvent, { type: 'job_started' }>): string {
  return traceId === run.traceId ? '' : key('trace_id', traceId);
}

function jobKeys(event: Extract<RecordedEvent, { type: 'job_started' | 'job_ended' }>): string {
  const { run, job, stage, stageName } = event;
  return (
    `,"run_attempt":${ordinal(run.attempt)},"queue":${JSON.stringify(job.queue)}` +
    `,"job_id":${JSON.stringify(job.jobId)},"job_name":${JSON.stringify(job.name)}` +
    `,"attempt":${ordinal(job.attempt)}${key('parent_job_id', job.parentJobId)}` +
    `${key('stage', stageName)}${key('execution_id', stage?.executionId)}`
  );
}

/**
 * The record of an event, as JSON text. Written as text at once rather than as an object first: that is most of what
 * recording costs the caller.
 * @param execution the text of the execution, for events of a stage
 */
export function recordText(event: RecordedEvent, time: number, execution: string): string {
  switch (event.type) {
    case 'run_started':
      return runStartedText(event, time);
    case 'run_ended':
      return (
        `{"kind":"run_ended","time":${time},"run_attempt":${ordinal(event.run.attempt)}` +
        `,"status":"${event.status}","duration_seconds":${number(event.durationSeconds)}` +
        `${errorKey(event.error)}${key('reason', event.reason)}${flagsKey(event.flags)}}`
      );
    case 'stage_started':
      return (
        `{"kind":"stage_started","time":${time}${execution}${parentKey(event.stage)}` +
        `${parentSpanKey(event.stage, event.span)}${sampledKey(event.span)}` +
        `${spreadKeys(event)}${objectKey('fields', event.fields)}${flagsKey(event.flags)}}`
      );
    case 'stage_ended':
      return stageEndedText(event, time, execution);
    case 'job_started':
      return (
        `{"kind":"job_started","time":${time}${jobKeys(event)}` +
        `${ownTraceKey(event)}${waitKey(event.waitSeconds)}` +
        `${objectKey('fields', event.fields)}${flagsKey(event.flags)}}`
      );
    case 'job_ended':
      return `{"kind":"job_ended","time":${time}${jobKeys(event)}${endKeys(event)}}`;
    case 'item_ended':
      return (
        `{"kind":"item_ended","time":${time}${execution}` +
        `,"item_id":${JSON.stringify(event.itemId)},"status":"${event.status}"` +
        `,"duration_seconds":${number(event.durationSeconds)}` +
        `${errorKey(event.error)}${flagsKey(event.flags)}}`
      );
  }
}
