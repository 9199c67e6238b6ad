import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addClientSuffix, baseRunId, isRunId, isRunIdError, parseRunId } from '@milepost/run-id';
import { client, runId, runIdText } from './arbitraries.ts';

test('a client that can be added reads back as it was, and the base with it', () => {
  fc.assert(
    fc.property(client, (client) => {
      const suffixed = addClientSuffix('260101-213723', client);
      expect(suffixed).toBe(`260101-213723-${client}`);
      expect(baseRunId(suffixed)).toBe('260101-213723');
      expect(parseRunId(suffixed)).toMatchObject({ format: 'compact', client });
    }),
    { numRuns: 500 },
  );
});

test('a client is refused exactly where it would not read back', () => {
  const anyClient = fc.oneof(runIdText, fc.constantFrom('x_1737072000_abc123', 'a.', '', '.a'));
  fc.assert(
    fc.property(anyClient, (client) => {
      const text = `260101-213723-${client}`;
      const parsed = isRunId(text) ? parseRunId(text) : undefined;
      const readsBack = parsed?.format === 'compact' && parsed.client === client;
      expect(codeOf(() => addClientSuffix('260101-213723', client))).toBe(
        readsBack ? undefined : 'RUN_ID_ARGUMENT',
      );
    }),
    { numRuns: 500 },
  );
});

function codeOf(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return isRunIdError(error) ? error.code : String(error);
  }
}

test.for([undefined, 12, {}, Symbol('Guy')])('a client is no %o', (client) => {
  expect(() => addClientSuffix('260101-213723', client as string)).toThrow(
    expect.objectContaining({ code: 'RUN_ID_ARGUMENT' }),
  );
});

test('the base of a base is itself, and of IDs without client the whole', () => {
  fc.assert(
    fc.property(runId, (id) => {
      const base = baseRunId(id);
      const parsed = parseRunId(id);
      expect(baseRunId(base)).toBe(base);
      expect(base === id).toBe(parsed.format !== 'compact' || parsed.client === undefined);
    }),
    { numRuns: 1000 },
  );
});
