import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Real work, on a machine that may have other work.
vi.setConfig({ testTimeout: 120_000 });

const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const RUN_ID = 'alameda_1737072000_abc123';

interface Demo {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface DemoOptions {
  readonly cwd: string;
  /** Sends SIGINT when this stands on stderr. */
  readonly interruptAt?: string;
}

/** Runs the demo in a directory, with its temporary files in `tmp` there. */
async function runDemo(argv: readonly string[], { cwd, interruptAt }: DemoOptions): Promise<Demo> {
  const temporary = path.join(cwd, 'tmp');
  await mkdir(temporary, { recursive: true });
  const child = spawn(process.execPath, ['--conditions=@milepost/source', MAIN, ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: temporary, TEMP: temporary },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const before = stderr.includes(interruptAt ?? '\0');
    stderr += text;
    if (interruptAt !== undefined && !before && stderr.includes(interruptAt)) child.kill('SIGINT');
  });
  const [exitCode] = await once(child, 'close');
  expect(await readdir(temporary)).toEqual([]);
  return { exitCode, stdout, stderr };
}

async function directoryWith(samples: readonly string[]): Promise<string> {
  const directory = await temporaryDirectory();
  await mkdir(path.join(directory, 'input'));
  for (const name of samples) {
    await copyFile(path.join(samplePdfDirectory(), name), path.join(directory, 'input', name));
  }
  return directory;
}

const readJson = async (...file: readonly string[]) =>
  JSON.parse(await readFile(path.join(...file), 'utf8'));

describe('what cannot be done is said, and leaves nothing behind', () => {
  test.for([
    { argv: ['--input', 'missing'], exitCode: 1, says: /^No such directory: .*missing\n$/ },
    { argv: ['--input', 'empty'], exitCode: 1, says: /^No PDF in .*empty: it is empty\.\n$/ },
    { argv: ['--input', 'others'], exitCode: 1, says: /none of its 1 entries is named \*\.pdf/ },
    { argv: ['--output', 'others/a.txt'], exitCode: 1, says: /^Expected a directory to deploy to/ },
    {
      argv: ['--output', 'others'],
      exitCode: 1,
      says: /^Expected .*others to be .* holds a\.txt\.\n$/,
    },
    { argv: ['--run-id', 'no/id'], exitCode: 2, says: /--run-id <id>.*Invalid run ID: expected/ },
    { argv: ['--pages', 'two'], exitCode: 2, says: /--pages <n>.*Expected a whole number/ },
    { argv: ['--nope'], exitCode: 2, says: /unknown option '--nope'/ },
  ])('$argv', async ({ argv, exitCode, says }) => {
    const cwd = await temporaryDirectory();
    await mkdir(path.join(cwd, 'empty'));
    await mkdir(path.join(cwd, 'others'));
    await writeFile(path.join(cwd, 'others', 'a.txt'), 'text');
    const demo = await runDemo(argv, { cwd });
    expect(demo).toMatchObject({ exitCode, stdout: '' });
    expect(demo.stderr).toMatch(says);
    expect(await readdir(cwd)).toEqual(['empty', 'others', 'tmp']);
  });
});

test('the help is no error', async () => {
  const demo = await runDemo(['--help'], { cwd: await temporaryDirectory() });
  expect(demo).toMatchObject({ exitCode: 0, stderr: '' });
  expect(demo.stdout).toMatch(/^Usage: npm run demo --/);
});

test('a broken document makes a partial run, which is recorded and reported', async () => {
  const cwd = await directoryWith(['03-invalid.pdf', '05-versions-space.pdf']);
  const argv = ['--input', 'input', '--pages', '1', '--run-id', RUN_ID];
  const demo = await runDemo(argv, { cwd });
  expect(demo.exitCode).toBe(0);
  expect(demo.stdout).toMatch(`Run ${RUN_ID}: partial`);
  expect(demo.stdout).toMatch(
    /03-invalid +failed in ocr +InvalidPDFException: Invalid PDF structure\./,
  );
  expect(demo.stderr).toMatch('ocr 03-invalid failed: InvalidPDFException: Invalid PDF structure.');

  const analytics = path.join(cwd, 'data', 'analytics');
  const hub = await readJson(analytics, 'job_registry', `${RUN_ID}.json`);
  expect(hub).toMatchObject({
    run_id: RUN_ID,
    status: 'partial',
    subdomain: 'alameda',
    attempt: 1,
    source: {
      citekeys: { total: 2, list: ['03-invalid', '05-versions-space'] },
      checksums: {
        '03-invalid': expect.stringMatching(/^[0-9a-f]{64}$/),
        '05-versions-space': expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    },
  });
  expect(hub.flags).toBeUndefined();
  const spokes = await Promise.all(
    ['fetch', 'ocr', 'compilation', 'extraction', 'deploy'].map((stage) =>
      readJson(analytics, stage, 'job_metadata', `${RUN_ID}.json`),
    ),
  );
  // What a stage said fits what it declares.
  expect(spokes.map(({ flags }) => flags)).toEqual(spokes.map(() => undefined));
  expect(spokes.map(({ config, results_summary }) => ({ config, results_summary }))).toEqual([
    {
      config: {
        scraper_type: 'directory',
        all_years: true,
        all_agendas: true,
        input_directory: path.join(cwd, 'input'),
      },
      results_summary: { total_pdfs: 2 },
    },
    {
      config: { backend: 'tesseract', pages_per_document: 1, workers: expect.any(Number) },
      results_summary: { total_pages: 1, page_count: 1, ocr_page_count: 1 },
    },
    {
      config: { table_name: 'minutes', extract_entities: true, ignore_cache: false },
      results_summary: { total_pages: 1, cache_hits: 0, cache_misses: 1 },
    },
    {
      config: { extract_entities: true, ignore_cache: false },
      results_summary: { total_pages: 1, entities_extracted: 0, votes_extracted: 0 },
    },
    {
      config: {
        deploy_target: path.join(cwd, 'data', 'site'),
        database_path: path.join(cwd, 'data', 'database', RUN_ID, 'minutes.jsonl'),
      },
      results_summary: { plugin_count: 4, files_processed: 4 },
    },
  ]);
  expect(spokes[1]).toMatchObject({
    citekeys: { total: 2, successful: 1, failed: 1, list: ['03-invalid', '05-versions-space'] },
    failures: [
      {
        id: '03-invalid',
        error_type: 'InvalidPDFException',
        error_message: 'Invalid PDF structure.',
      },
    ],
    pdf_name: ['05-versions-space.pdf'],
    ocr_duration_per_page: expect.any(Number),
    ocr_confidence: expect.any(Number),
  });

  const again = await runDemo(argv, { cwd });
  expect(again.stdout).toMatch(`Run ${RUN_ID} (attempt 2): partial`);
  expect(again.stdout).toMatch(/compilation .*cache_hits 1, cache_misses 0/);
});

test('a run of broken documents fails, and is recorded', async () => {
  const cwd = await directoryWith(['03-invalid.pdf']);
  const demo = await runDemo(['--input', 'input', '--run-id', RUN_ID], { cwd });
  expect(demo.exitCode).toBe(1);
  expect(demo.stderr).toMatch(/No document left after ocr: all 1 failed\.\n$/);
  const hub = await readJson(cwd, 'data', 'analytics', 'job_registry', `${RUN_ID}.json`);
  expect(hub).toMatchObject({
    status: 'failed',
    pipeline_steps: { ocr: { status: 'failed' }, compilation: { status: 'pending' } },
  });
  const spoke = await readJson(cwd, 'data', 'analytics', 'ocr', 'job_metadata', `${RUN_ID}.json`);
  expect(spoke).toMatchObject({
    pdf_path: path.join(cwd, 'input', '03-invalid.pdf'),
    pdf_name: '03-invalid.pdf',
    page_number: 0,
    backend: 'tesseract',
    error: { error_type: 'AllItemsFailed', error_category: 'invalid_pdf' },
  });
  expect(await readdir(path.join(cwd, 'data'))).not.toContain('site');
});

test('an interrupted run is cancelled, and deploys nothing', async () => {
  const cwd = await directoryWith(['04-valid.pdf']);
  const argv = ['--input', 'input', '--run-id', RUN_ID];
  const demo = await runDemo(argv, { cwd, interruptAt: 'Reading page 1' });
  expect(demo.exitCode).toBe(130);
  expect(demo.stderr).toMatch(/Interrupted\.\n$/);
  expect(demo.stdout).toMatch(`Run ${RUN_ID}: cancelled`);
  const hub = await readJson(cwd, 'data', 'analytics', 'job_registry', `${RUN_ID}.json`);
  expect(hub).toMatchObject({
    status: 'cancelled',
    pipeline_steps: { ocr: { status: 'cancelled' } },
  });
  expect(await readdir(path.join(cwd, 'data'))).not.toContain('site');
});
