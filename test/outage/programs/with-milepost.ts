import { withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';
import { NUMBER_ATTRIBUTE } from '../record-keys.ts';
import { type Contender } from './contender.ts';

export async function start(): Promise<Contender> {
  const telemetry = await startTelemetry({ serviceName: 'outage' });
  return {
    inRun: (fn) => withRun({ pipeline: 'minutes', subdomain: 'alameda' }, fn),
    stage: (name, n, fn) => withStage(name, { attributes: { [NUMBER_ATTRIBUTE]: n } }, fn),
    waiting: () => {
      const { traces, logs } = telemetry.report();
      return {
        memory: traces.inMemory + logs.inMemory,
        disk: traces.spooled + logs.spooled,
      };
    },
    shutdown: () => telemetry.shutdown(),
  };
}
