import { expect, test } from 'vitest';
import { todoAboutWriting } from '../src/doctor/try-writing.ts';

// A full disk cannot be had on every machine that runs tests.
test.for([
  ['ENOSPC', /^Make room/],
  ['EDQUOT', /^Make room/],
  ['EROFS', /^Let the user write there\.$/],
  ['EACCES', /^Let the user write there\.$/],
] as const)('what to do about %s', ([code, todo]) => {
  const error = Object.assign(new Error(`${code}: it did not work`), { code });
  expect(todoAboutWriting(error, 'Let the user write there.')).toMatch(todo);
});
