import { subscribeLifecycle } from '@milepost/core/hooks';
import { type Registry } from '@milepost/registry';

/**
 * Goes on telling a registry what happens once it was closed, which ends its own connections: so it knows, and its health
 * tells, what it did not record.
 * @returns ends it
 */
export function watchClosedRegistry(registry: Pick<Registry, 'isClosed' | 'listener'>): () => void {
  return subscribeLifecycle({
    onEvent: (event) => {
      if (registry.isClosed) registry.listener.onEvent(event);
    },
  });
}
