import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guarded, reportOnce } from './guard.ts';
import { hasLifecycleListeners, publishLifecycle } from './lifecycle.ts';
import { activeScope } from './scope.ts';

/**
 * Says that the code around the call wrote a file: the record names it with size and SHA-256, under the stage and item around
 * the call. Does not read the file itself, and never throws.
 * @param path of the file; a relative one is resolved against the working directory
 */
export function recordOutput(path: string | URL): void {
  guarded(
    'recordOutput',
    () => {
      const scope = activeScope();
      if (scope === undefined) {
        reportOnce('output', 'recordOutput was called outside any run, and recorded nothing');
        return;
      }
      if (!hasLifecycleListeners()) return;
      publishLifecycle({
        type: 'output_recorded',
        time: Date.now(),
        run: scope.run,
        flags: [],
        stage: scope.stage,
        itemId: scope.itemId,
        path: resolve(path instanceof URL ? fileURLToPath(path) : path),
      });
    },
    undefined,
  );
}
