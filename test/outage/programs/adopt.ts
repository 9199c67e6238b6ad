// Takes over what ended processes left in the spool, sends it, and ends.
import { startTelemetry } from '@milepost/node';

const telemetry = await startTelemetry({ serviceName: 'outage' });
await telemetry.shutdown({ timeoutMs: 60_000 });
