import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.ts';

// Those that only send and ask: they are all that runs against a stack that runs already (test/stack/open-stack.ts). The others
// stop servers, change settings or count everything, and start servers of their own.
const ASKING = ['test/stack/asking/**/*.stack.test.ts'];
const isThereAStack = process.env['MILEPOST_STACK_OTLP'] !== undefined;
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
            include: isThereAStack
              ? ASKING
              : [
                  'packages/*/test/**/*.stack.test.ts',
                  'examples/*/test/**/*.stack.test.ts',
                  'grafana/test/**/*.stack.test.ts',
                  'test/**/*.stack.test.ts',
                ],
            exclude: [...configDefaults.exclude, EXAMPLE_RUNS],
          },
        },
        ...(isThereAStack
          ? []
          : [
              {
                // Those that ask about runs of the examples, which are made once for all of them.
                extends: true,
                test: {
                  name: 'runs',
                  include: [EXAMPLE_RUNS],
                  globalSetup: ['test/stack/examples/provide-example-runs.ts'],
                },
              },
            ]),
      ],
    },
  }),
);
