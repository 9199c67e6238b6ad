import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withStage } from '@milepost/core';
import { useSdk } from './telemetry-harness.ts';

const telemetry = useSdk();

test('the version of the instrumentation scope is that of the package', () => {
  const { name, version } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  withStage('work', () => undefined);
  const scopes = [...telemetry.sdk.spans, ...telemetry.sdk.logs].map(
    ({ instrumentationScope }) => instrumentationScope,
  );
  expect(scopes.map((scope) => [scope.name, scope.version])).toEqual(
    scopes.map(() => [name, version]),
  );
  expect(scopes).toHaveLength(6);
});
