import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';
import all from './vitest.config.ts';

// What one runs before each commit: all tests but those that take long because they start many processes or go through
// every way in which a disk can fail. `npm test` runs all.
export default mergeConfig(
  all,
  defineConfig({
    test: {
      exclude: [
        ...configDefaults.exclude,
        'examples/civic/test/civic.test.ts',
        'examples/documents/test/{demo,processes}.test.ts',
        'packages/delivery/test/{spool-failing-disk,spool-owners}.test.ts',
        'packages/node/test/process-ends.test.ts',
        'packages/registry/test/{crash,hostile-files,index,index-equals-scan,interleavings,liveness,many-runs,prune,prune-crash,repair,verify,watch}.test.ts',
        'test/{carriers,cli-doctor,cli-repair,core-jobs,delivery-ends,delivery-exit,delivery-open-tries,demo,readme,telemetry-programs}.test.ts',
        'test/registry-python-interleaved.test.ts',
        'test/registry/kill-campaign.test.ts',
      ],
    },
  }),
);
