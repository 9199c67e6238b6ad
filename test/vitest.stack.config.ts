import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.ts';

// The tests that talk to real servers, which they start from MILEPOST_STACK_BIN or the path: see test/stack/find-program.ts.
export default mergeConfig(
  { ...all, test: { ...all.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: [
        'packages/*/test/**/*.stack.test.ts',
        'examples/*/test/**/*.stack.test.ts',
        'grafana/test/**/*.stack.test.ts',
        'test/**/*.stack.test.ts',
      ],
      exclude: configDefaults.exclude,
      testTimeout: 120_000,
      hookTimeout: 120_000,
    },
  }),
);
