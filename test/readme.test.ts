import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startOtlpServer } from './otlp-server/index.ts';
import { type CommandResult, PROJECT, openProjectView } from './project-view.ts';

vi.setConfig({ testTimeout: 120_000 });

const README = await readFile(join(PROJECT, 'README.md'), 'utf8');

/** The code blocks of one language, as they stand. */
function blocks(language: string): readonly string[] {
  return [...README.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text]) =>
    name === language && text !== undefined ? [text] : [],
  );
}

const COMMANDS = blocks('sh').flatMap((block) => block.trim().split('\n'));

/** Runs a program of the README where its imports resolve. */
async function runProgram(
  program: string,
  texts: Record<string, string>,
  env: Record<string, string> = {},
): Promise<CommandResult & { readonly cwd: string }> {
  const cwd = await mkdtemp(join(PROJECT, 'test', '.readme-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  await mkdir(join(cwd, 'texts'));
  for (const [name, text] of Object.entries(texts)) await writeFile(join(cwd, 'texts', name), text);
  await writeFile(join(cwd, 'program.ts'), program);
  const view = await openProjectView();
  onTestFinished(() => view[Symbol.asyncDispose]());
  const result = await view.run(
    `cd '${cwd}' && '${process.execPath}' --conditions=@milepost/source program.ts`,
    env,
  );
  return { ...result, cwd };
}

test('its commands are these; each that needs no Docker is run by a test or by the checks of each change', async () => {
  expect(COMMANDS).toEqual([
    'npm ci && npm run demo',
    'npm run -s milepost -- show latest',
    'npm run demo -- --input some/dir --pages 2 --run-id alameda_1737072000_abc123',
    'npm run -s milepost -- item 03-invalid',
    'npm ci && npm test',
    'docker compose up -d',
    'npm run check',
    'npm run check:release',
    'npm run bench',
  ]);
  const checks = await readFile(join(PROJECT, '.ci', 'run'), 'utf8');
  for (const command of ['npm ci', 'npm test', 'npm run check', 'npm run check:release']) {
    expect(checks).toContain(`step ${command}\n`);
  }
});

test('the first program counts words, its record names the text without any, and a line says what waits', async () => {
  // Where nobody listens, on any machine.
  const free = await startOtlpServer();
  await free.close();
  const program = blocks('ts').find((block) => block.includes('openRegistry')) ?? '';
  const { exitCode, stderr, cwd } = await runProgram(
    program,
    { 'a.txt': 'one two', 'b.txt': '1 2 3', 'c.txt': 'three' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: free.url },
  );
  expect({ exitCode, stderr }).toEqual({
    exitCode: 0,
    stderr: expect.stringMatching(
      /^milepost: 5 spans, \d+ log records, \d+ metric points wait in \S+[\\/]data[\\/]\.milepost[\\/]spool \(connect ECONNREFUSED .+\); `milepost flush --spool .+` sends them\n$/,
    ),
  });
  expect(JSON.parse(await readFile(join(cwd, 'words.json'), 'utf8'))).toEqual([
    { id: 'a.txt', status: 'completed', value: 2 },
    { id: 'c.txt', status: 'completed', value: 1 },
  ]);
  const analytics = join(cwd, 'data', 'analytics');
  const hub = JSON.parse(await readFile(join(analytics, 'job_registry', 'latest.json'), 'utf8'));
  expect(hub).toMatchObject({ pipeline: 'words', status: 'partial' });
  const spoke = JSON.parse(
    await readFile(join(analytics, 'count', 'job_metadata', `${hub.run_id}.json`), 'utf8'),
  );
  expect(spoke).toMatchObject({
    state: 'partial',
    failures: [{ id: 'b.txt', error_type: 'Error', error_message: 'there is not one word in it' }],
  });
});

test('the second program runs', async () => {
  const program = blocks('ts').find((block) => block.includes('asStage')) ?? '';
  expect(await runProgram(`${program}\nconsole.log('ended');\n`, {})).toMatchObject({
    exitCode: 0,
    stdout: 'ended\n',
    stderr: '',
  });
});

test('the benchmark runs', async () => {
  await using view = await openProjectView();
  const { exitCode, stdout } = await view.run('npm run bench -- 1 2000');
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
  expect(stdout).toMatch(/all three signals, SDK present +\d+\.\d\d x/);
});

test('its links lead somewhere', async () => {
  for (const [, target = ''] of README.matchAll(/\]\(([^)]+)\)/g)) {
    await expect(
      readFile(join(PROJECT, target)).catch((error: unknown) => error),
    ).resolves.not.toMatchObject({ code: 'ENOENT' });
  }
});
