import { expect, test } from 'vitest';
import * as runId from '@milepost/run-id';

test('the public names', () => {
  expect(Object.keys(runId).toSorted()).toEqual([
    'CLAIMED_RUN_ID_FORMATS',
    'MAX_RUN_ID_LENGTH',
    'RUN_ID_ERROR_CODES',
    'RUN_ID_FORMATS',
    'RunIdError',
    'addClientSuffix',
    'baseRunId',
    'convertRunId',
    'createClaimedRunId',
    'createDirectoryClaim',
    'createRunId',
    'isRunId',
    'isRunIdError',
    'jobSpanId',
    'parseRunId',
    'runIdAliases',
    'runSpanId',
    'runTraceId',
    'stageSpanId',
  ]);
});
