import { installRunStore, subscribeLifecycle } from '@milepost/core/hooks';
import { type Registry } from './registry.ts';

interface Connection {
  users: number;
  readonly disconnect: () => void;
}

const connections = new WeakMap<Registry, Connection>();

/**
 * Makes a registry record every run of this process, with an OpenTelemetry SDK or without, and answer what `withRun`
 * and `joinRun` ask about runs that exist. A registry that is connected already records nothing twice.
 * Closing the registry ends all its connections.
 * @returns ends the connection; the registry stays open
 */
export function connectRegistry(registry: Registry): () => void {
  let connection = connections.get(registry);
  if (connection === undefined) {
    const unsubscribe = subscribeLifecycle(registry.listener);
    const uninstall = installRunStore(registry.runStore);
    connection = {
      users: 0,
      disconnect: () => {
        unsubscribe();
        uninstall();
        connections.delete(registry);
      },
    };
    connections.set(registry, connection);
  }
  const used = connection;
  used.users += 1;
  let connected = true;
  return () => {
    if (!connected) return;
    connected = false;
    used.users -= 1;
    if (used.users === 0 && connections.get(registry) === used) used.disconnect();
  };
}

/** Ends every connection of a registry that closes, so that another can take its place. */
export function disconnectRegistry(registry: Registry): void {
  connections.get(registry)?.disconnect();
}
