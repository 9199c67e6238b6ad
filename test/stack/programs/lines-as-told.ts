import { createInterface } from 'node:readline';
import { log, withRun, withStage } from '@milepost/core';
import { startTelemetry } from '@milepost/node';

// A stage that logs as many lines as each line of its input says, tells when it has, and ends with its input. It names itself by
// OTEL_SERVICE_NAME.
await startTelemetry();
await withRun({ pipeline: 'minutes', subdomain: 'alameda' }, () =>
  withStage('ocr', async () => {
    for await (const line of createInterface({ input: process.stdin })) {
      for (let index = 0; index < Number(line); index += 1) log.info(`line ${index}`);
      process.stdout.write(`${line}\n`);
    }
  }),
);
