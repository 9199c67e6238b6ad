import { SeverityNumber, SpanKind, context, logs, metrics, trace } from '@opentelemetry/api';
import { type Job, type Processor } from 'bullmq';

/**
 * A processor whose jobs make the signals of ours, written by hand with the OpenTelemetry API: a span, two log records and two
 * measurements, with the same attributes. No run is carried, and no trace: what is left is what the SDK takes. To be called
 * after an SDK is registered.
 */
export function handWritten(process: Processor): Processor {
  const tracer = trace.getTracer('hand-written');
  const logger = logs.getLogger('hand-written');
  const meter = metrics.getMeter('hand-written');
  const duration = meter.createHistogram('hand_written.job.duration', { unit: 's' });
  const wait = meter.createHistogram('hand_written.job.wait', { unit: 's' });
  return async (job: Job, token?: string) => {
    const place = { pipeline: 'minutes', subdomain: 'alameda', stage: 'ocr' };
    const kind = { queue: job.queueName, 'job.name': job.name };
    const tries = { 'job.id': job.id, attempt: 1, retry_count: 0 };
    const base = { 'run.id': 'alameda_1737072000_abc123', ...place, ...kind, ...tries };
    const span = tracer.startSpan(job.name, {
      kind: SpanKind.CONSUMER,
      attributes: { ...base, 'pipeline.unit': 'job' },
    });
    const inJob = trace.setSpan(context.active(), span);
    const begun = performance.now();
    const start_time = new Date().toISOString();
    const info = { severityNumber: SeverityNumber.INFO, severityText: 'INFO', context: inJob };
    logger.emit({
      ...info,
      body: `Started ${job.name}`,
      eventName: 'job_started',
      attributes: { ...base, level: 'info', status: 'started', start_time },
    });
    const result: unknown = await context.with(inJob, () => process(job, token));
    const seconds = (performance.now() - begun) / 1000;
    const end_time = new Date().toISOString();
    const ended = { level: 'info', status: 'completed', start_time, end_time };
    logger.emit({
      ...info,
      body: `Completed ${job.name}`,
      eventName: 'job_completed',
      attributes: { ...base, ...ended, 'duration.seconds': seconds },
    });
    span.setAttribute('status', 'completed');
    span.end();
    const series = { ...place, ...kind, status: 'completed' };
    duration.record(seconds, series);
    wait.record(Math.max(0, Date.now() - job.timestamp) / 1000, series);
    return result;
  };
}
