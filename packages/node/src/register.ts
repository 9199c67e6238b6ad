import { describeFailure } from './describe-failure.ts';
import { startTelemetry } from './start-telemetry.ts';

// `node --import @milepost/node/register app.js` starts telemetry from the environment alone, before the program.
try {
  await startTelemetry();
} catch (error) {
  // The program runs without telemetry rather than not at all.
  process.stderr.write(`milepost: telemetry did not start: ${describeFailure(error)}\n`);
}
