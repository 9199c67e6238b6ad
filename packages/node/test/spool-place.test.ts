import { join, resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { openRegistry } from '@milepost/registry';
import { spoolPlace } from '../src/spool-place.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const registry = openRegistry({ root: 'data' });
const inRegistry = join(resolve('data'), '.milepost', 'spool');
const ofUser = /milepost.spool$/;

test.for<
  [
    what: string,
    options: Parameters<typeof spoolPlace>[0],
    variable: string,
    place: string | undefined,
  ]
>([
  ['the option', { spool: 'here', registry }, 'there', resolve('here')],
  ['the option that says nowhere', { spool: false, registry }, 'there', undefined],
  ['the variable', { registry }, ' there ', resolve('there')],
  ['the variable that says nowhere', { registry }, 'off', undefined],
  ['the registry', { registry }, '', inRegistry],
])('%s decides', ([, options, variable, place]) => {
  vi.stubEnv('MILEPOST_SPOOL', variable);
  expect(spoolPlace(options)).toBe(place);
});

test('otherwise it is with the state of the user', () => {
  vi.stubEnv('MILEPOST_SPOOL', '');
  expect(spoolPlace({})).toMatch(ofUser);
});
