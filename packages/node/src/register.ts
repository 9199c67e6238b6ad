import { getStringFromEnv } from '@opentelemetry/core';
import { openRegistry } from '@milepost/registry';
import { describeFailure } from './describe-failure.ts';
import { startTelemetry } from './start-telemetry.ts';

// `node --import @milepost/node/register app.js` starts telemetry from the environment alone, before the program.
try {
  const root = getStringFromEnv('MILEPOST_ROOT');
  await startTelemetry(root === undefined ? {} : { registry: openRegistry({ root }) });
} catch (error) {
  // The program runs without telemetry rather than not at all.
  process.stderr.write(`milepost: telemetry did not start: ${describeFailure(error)}\n`);
}
