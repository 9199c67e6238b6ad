import { readFile } from 'node:fs/promises';
import { type RegistryOptions } from '@milepost/registry';
import { recordPathOf } from '../record-path.ts';

type ItemsKey = NonNullable<RegistryOptions['itemsKey']>;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The key under which the files of a run have their items, so that a step that is added has them there too, and no file
 * changes for it.
 */
export async function itemsKeyOf(root: string, runId: string): Promise<ItemsKey> {
  let hub: unknown;
  try {
    hub = JSON.parse(await readFile(await recordPathOf(root, runId), 'utf8'));
  } catch {
    // No hub, or none that can be read: it will be written as ours are.
    return 'items';
  }
  if (!isObject(hub)) return 'items';
  const steps = isObject(hub['pipeline_steps']) ? Object.values(hub['pipeline_steps']) : [];
  const parts = [hub['source'], ...steps].filter(isObject);
  return parts.some((part) => Object.hasOwn(part, 'citekeys')) ? 'citekeys' : 'items';
}
