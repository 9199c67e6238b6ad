import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defaultServerConditions } from 'vite';
import { configDefaults, defineConfig } from 'vitest/config';

// What Node.js itself resolves: `module` is for bundlers, and the S3 client has files under it that only they can load.
const nodeConditions = defaultServerConditions.filter((condition) => condition !== 'module');
// MILEPOST_TEST_BUILT=1 runs the same tests against the built packages in `dist`.
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1'
    ? nodeConditions
    : ['@milepost/source', ...nodeConditions];

export default defineConfig({
  root: join(import.meta.dirname, '..'),
  ssr: { resolve: { conditions } },
  // In which vitest runs a global setup.
  environments: { __vitest__: { resolve: { conditions } } },
  test: {
    // Nothing of a test waits in the state directory of who runs it: tests that need a spool name one.
    env: { MILEPOST_SPOOL: 'off' },
    // By default one core is left idle; most of the time here is spent waiting for other processes.
    maxWorkers: availableParallelism(),
    // Tests wait for events: only one that never comes shall end them, not a busy machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    include: [
      'packages/*/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'grafana/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    // Those that need real servers are run by test:stack.
    exclude: [...configDefaults.exclude, '**/*.stack.test.ts'],
  },
});
