import { type ItemResult } from '@milepost/core';

/** Every document failed, so that there is nothing for the next stage. */
class NoDocumentLeftError extends Error {
  override readonly name = 'NoDocumentLeftError';
  readonly code = 'no_document_left';
}

/** What came of the documents that did not fail. */
export function valuesOf<Value>(results: readonly ItemResult<Value>[]): readonly Value[] {
  return results.flatMap((result) => (result.status === 'completed' ? [result.value] : []));
}

/** @throws NoDocumentLeftError when all failed. */
export function assertDocumentsLeft(stage: string, left: number, all: number): void {
  if (left > 0) return;
  throw new NoDocumentLeftError(`No document left after ${stage}: all ${all} failed.`);
}

/**
 * The same for the next stage.
 *
 * @throws NoDocumentLeftError when all failed.
 */
export function documentsLeft<Value>(
  stage: string,
  results: readonly ItemResult<Value>[],
): readonly Value[] {
  const values = valuesOf(results);
  assertDocumentsLeft(stage, values.length, results.length);
  return values;
}
