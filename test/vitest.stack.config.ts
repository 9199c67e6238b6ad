import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.ts';

const EXAMPLE_RUNS = 'test/stack/examples/**/*.stack.test.ts';

// The tests that talk to real servers, which they start from MILEPOST_STACK_BIN or the path: see test/stack/find-program.ts.
export default mergeConfig(
  { ...all, test: { ...all.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      testTimeout: 120_000,
      hookTimeout: 120_000,
      projects: [
        {
          extends: true,
          test: {
            name: 'servers',
            include: [
              'packages/*/test/**/*.stack.test.ts',
              'examples/*/test/**/*.stack.test.ts',
              'grafana/test/**/*.stack.test.ts',
              'test/**/*.stack.test.ts',
            ],
            exclude: [...configDefaults.exclude, EXAMPLE_RUNS],
          },
        },
        {
          // Those that ask about runs of the examples, which are made once for all of them.
          extends: true,
          test: {
            name: 'runs',
            include: [EXAMPLE_RUNS],
            globalSetup: ['test/stack/examples/provide-example-runs.ts'],
          },
        },
      ],
    },
  }),
);
