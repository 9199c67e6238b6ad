import { parseRunId } from '@milepost/run-id';
import { type RegistryClock } from './clock.ts';
import { messageOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { type RecorderPool } from './recorder-pool.ts';
import { RegistryError } from './registry-error.ts';

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
  recorder.record({ kind: 'step_saved', time: recorder.stamp(clock.now()), step, metadata: copy });
  await recorder.rewrite();
}
