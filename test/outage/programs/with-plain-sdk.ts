import {
  type Attributes,
  SeverityNumber,
  SpanStatusCode,
  context,
  logs,
  metrics,
  trace,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { NUMBER_ATTRIBUTE } from '../record-keys.ts';
import { type Contender } from './contender.ts';

/** A NodeSDK as its documentation starts it, and the signals of a stage written by hand. */
export async function start(): Promise<Contender> {
  const sdk = new NodeSDK({ serviceName: 'outage' });
  sdk.start();
  const tracer = trace.getTracer('by-hand');
  const logger = logs.getLogger('by-hand');
  const runs = metrics.getMeter('by-hand').createCounter('pipeline.stage.runs');

  const emit = (body: string, attributes: Attributes): void =>
    logger.emit({
      body,
      eventName: body,
      severityNumber: SeverityNumber.INFO,
      severityText: 'INFO',
      context: context.active(),
      attributes,
    });
  const unit = <T>(name: string, attributes: Attributes, fn: () => T): T =>
    tracer.startActiveSpan(name, { attributes }, (span) => {
      const end = (status: string): void => {
        emit(`${name}_${status}`, { ...attributes, status });
        runs.add(1, { stage: name, status });
        if (status === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      };
      emit(`${name}_started`, { ...attributes, status: 'started' });
      let result: T;
      try {
        result = fn();
      } catch (error) {
        end('failed');
        throw error;
      }
      if (!(result instanceof Promise)) end('completed');
      else {
        result.then(
          () => end('completed'),
          () => end('failed'),
        );
      }
      return result;
    });
  return {
    inRun: (fn) => unit('run', { pipeline: 'minutes', subdomain: 'alameda' }, fn),
    stage: (name, n, fn) =>
      unit(
        name,
        { pipeline: 'minutes', subdomain: 'alameda', stage: name, [NUMBER_ATTRIBUTE]: n },
        fn,
      ),
    waiting: () => undefined,
    shutdown: () => sdk.shutdown(),
  };
}
