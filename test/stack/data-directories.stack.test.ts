import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './start-stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(async () => {
  await stack.stop();
});

// Of a component that does not run.
const OF_NO_USE = { tempo: [], loki: ['tasks_disk_directory: /tmp/bloom-planner-queue'] };

// A path that the settings forget is none of the volumes of compose.yaml: what lies there is gone with the container.
test.for(['tempo', 'loki'] as const)('%s keeps nothing outside of its directory', async (name) => {
  const url = { tempo: `${stack.tempoUrl}/status/config`, loki: `${stack.lokiUrl}/config` }[name];
  const config = await (await fetch(url)).text();
  const paths = [
    ...config.matchAll(/^ *(?<key>\w*(?:path|dir|directory)): "?(?<path>\/\w[^"\n]*)/gm),
  ];
  const outside = paths
    .map(({ groups }) => `${groups?.['key']}: ${groups?.['path']}`)
    .filter((line) => !line.includes(stack.directory));
  expect(outside).toEqual(OF_NO_USE[name]);
  expect(paths.length).toBeGreaterThan(3);
});
