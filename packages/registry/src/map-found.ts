import { mapLimited } from './map-limited.ts';

/** Maps values, a few at a time, and leaves out what is not found. */
export async function mapFound<T, R>(
  values: readonly T[],
  find: (value: T) => Promise<R | undefined>,
): Promise<readonly R[]> {
  const found = await mapLimited(values, find);
  return found.filter((value) => value !== undefined);
}
