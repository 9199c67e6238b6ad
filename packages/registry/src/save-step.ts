import { parseRunId } from '@milepost/run-id';
import { type RegistryClock } from './clock.ts';
import { messageOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { RegistryError, notOnDisk } from './registry-error.ts';

/** A copy as JSON tells it, so that nothing later changes what was saved. */
function jsonCopy(metadata: unknown): JsonObject {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(metadata) ?? 'null');
  } catch (error) {
    throw new RegistryError(
      'invalid_argument',
      `metadata cannot be written as JSON: ${messageOf(error)}`,
      { cause: error },
    );
  }
  if (!isJsonObject(copy) || typeof copy['status'] !== 'string') {
    throw new RegistryError(
      'invalid_argument',
      'metadata: expected an object with a status ("completed", "failed", ...), which is a string',
    );
  }
  return copy;
}

/** Records a step's metadata. Resolves when spoke and hub are on disk. */
export async function saveStep(
  recorders: RecorderPool,
  clock: RegistryClock,
  step: string,
  jobId: string,
  metadata: JsonObject,
): Promise<void> {
  if (typeof step !== 'string' || step === '') {
    throw new RegistryError('invalid_argument', 'expected the name of a step, got none');
  }
  parseRunId(jobId);
  const copy = jsonCopy(metadata);
  const recorder = recorders.of(jobId);
  const time = recorder.stamp(clock.now());
  if (!recorder.record({ kind: 'step_saved', time, step, metadata: copy })) {
    throw new RegistryError('write_failed', `run ${jobId}: the disk does not keep up`);
  }
  try {
    await recorder.rewrite();
  } catch (error) {
    throw notOnDisk(jobId, error);
  }
}
