import { readFileSync } from 'node:fs';

/** A JSON file of `fixtures`: the examples of the registry format in normal form, abbreviated parts completed. */
export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
}
