import { onTestFinished } from 'vitest';
import {
  type Registry,
  type RegistryOptions,
  connectRegistry,
  openRegistry,
} from '@milepost/registry';
import { temporaryRoot } from './temporary-root.ts';

/** A registry that records what `withRun` does in this test, and is closed after it. */
export function connectedRegistry(options: RegistryOptions = {}): Registry {
  const registry = openRegistry({ root: temporaryRoot(), ...options });
  const disconnect = connectRegistry(registry);
  onTestFinished(async () => {
    disconnect();
    await registry.close();
  });
  return registry;
}
