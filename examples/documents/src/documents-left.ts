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
  if (values.length === 0) {
    throw new NoDocumentLeftError(`No document left after ${stage}: all ${results.length} failed.`);
  }
  return values;
}
