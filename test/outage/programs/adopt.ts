// Sends what ended processes left in the spool, and prints what it says of that as JSON.
import { startTelemetry } from '@milepost/node';

const telemetry = await startTelemetry({ serviceName: 'outage' });
process.stdout.write(`${JSON.stringify(await telemetry.shutdown({ timeoutMs: 20_000 }))}\n`);
