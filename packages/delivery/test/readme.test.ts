import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { LOSS_REASON_VALUES } from '@milepost/semconv';
import { startOtlpServer } from '../../../test/otlp-server/index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const conditions =
  process.env['MILEPOST_TEST_BUILT'] === '1' ? [] : ['--conditions=@milepost/source'];

test('the program of the README does what it says', async () => {
  const program = /^```ts\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
  const checked = program
    .replace("'spool'", 'process.env.TEST_SPOOL')
    .replace(/^(.+); \/\/ => (.+)$/m, 'assert.deepStrictEqual($1, $2);');
  expect(checked).toContain('assert.');

  const server = await startOtlpServer();
  const spool = mkdtempSync(join(tmpdir(), 'milepost-'));
  onTestFinished(async () => {
    await server.close();
    rmSync(spool, { recursive: true });
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
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, TEST_SPOOL: spool },
    },
  );
  expect(server.spans().map(({ name }) => name)).toEqual(['fetch', 'minutes']);
  expect(server.logRecords()).toHaveLength(4);
  expect(readdirSync(spool)).toEqual([]);
});

test.for(LOSS_REASON_VALUES)('the README says when records are lost as %s', (reason) => {
  expect(readme).toContain(`\`${reason}\``);
});
