// Starts an SDK from the environment and stops it: `plain` a NodeSDK, `ours` startTelemetry.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { startTelemetry } from '@milepost/node';

if (process.argv[2] === 'plain') {
  const sdk = new NodeSDK();
  sdk.start();
  await sdk.shutdown();
} else {
  const telemetry = await startTelemetry();
  // What earlier programs left is sent too, on a busy machine as well.
  await telemetry.shutdown({ timeoutMs: 20_000 });
}
