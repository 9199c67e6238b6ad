import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startOtlpServer } from '../../../test/otlp-server/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const read = (relative: string): string => readFileSync(path(relative), 'utf8');
const readme = read('../README.md');
const blocks = Array.from(readme.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code);
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

/** The first cells of the table below a heading. */
function namesInTable(heading: string): string[] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return Array.from(section.matchAll(/^\| `([A-Za-z_*]+)`/gm), ([, name = '']) => name);
}

test('the program at the top says the truth', async () => {
  const [program = ''] = blocks;
  const checked = program
    .replace("root: 'data'", 'root: process.env.TEST_ROOT')
    .replaceAll(/^(.+); \/\/ => (.+)$/gm, 'assert.deepStrictEqual($1, $2);');
  expect(checked.match(/assert\./g)).toHaveLength(2);

  const server = await startOtlpServer();
  const root = mkdtempSync(join(tmpdir(), 'milepost-'));
  onTestFinished(async () => {
    await server.close();
    rmSync(root, { recursive: true });
  });
  await promisify(execFile)(
    process.execPath,
    [
      ...conditions,
      '--input-type=module',
      '--eval',
      `import assert from 'node:assert/strict';\n${checked}`,
    ],
    {
      cwd: path('..'),
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, TEST_ROOT: root },
    },
  );
  expect(server.spans().map(({ name }) => name)).toEqual(['fetch', 'minutes']);
  expect(readdirSync(join(root, 'analytics')).toSorted()).toEqual(['fetch', 'job_registry']);
});

test('the recipe for an SDK of your own is the example', () => {
  expect(blocks[1]).toBe(read('../../../examples/own-sdk/src/own-sdk.ts'));
});

test('the table of options has every option', () => {
  const declared = read('../src/telemetry-options.ts').matchAll(/^ {2}readonly (\w+)\?:/gm);
  expect(namesInTable('Options of `startTelemetry`')).toEqual(
    Array.from(declared, ([, name = '']) => name),
  );
});

test('the table of variables has every variable of ours', () => {
  const sources = readdirSync(path('../src'))
    .map((file) => read(`../src/${file}`))
    .join('\n');
  const used = new Set(sources.match(/(?<=FromEnv\(')MILEPOST_[A-Z_]+(?='\))/g));
  expect(namesInTable('Environment').toSorted()).toEqual([...used, 'OTEL_*'].toSorted());
});
