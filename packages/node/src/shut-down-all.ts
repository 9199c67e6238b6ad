import { diag } from '@opentelemetry/api';

/** Something with an end, as every part of an SDK has it. */
export interface Part {
  shutdown(): Promise<unknown>;
}

/** Shuts all parts down side by side. Never rejects, whether a part rejects or throws. */
export async function shutDownAll(parts: readonly Part[]): Promise<void> {
  await Promise.all(
    parts.map(async (part) => {
      try {
        await part.shutdown();
      } catch (error) {
        diag.error('milepost: a part of telemetry could not be shut down', error);
      }
    }),
  );
}

/**
 * An SDK as a part that is shut down whole: where a processor throws instead of rejecting, the SDK leaves out whatever
 * it would have shut down next.
 * @param rest what the SDK may leave out
 */
export function wholeSdk(sdk: Part, rest: readonly Part[]): Part {
  return {
    shutdown: () => {
      try {
        return sdk.shutdown();
      } catch (error) {
        diag.error('milepost: a part of telemetry could not be shut down', error);
        return shutDownAll(rest);
      }
    },
  };
}
