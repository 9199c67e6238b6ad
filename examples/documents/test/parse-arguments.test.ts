import path from 'node:path';
import { CommanderError } from 'commander';
import { describe, expect, test, vi } from 'vitest';
import { parseArguments } from '../src/parse-arguments.ts';
import { samplePdfDirectory } from '../src/pipeline/sample-pdfs.ts';

test('without arguments the sample PDFs are read into data', () => {
  expect(parseArguments([])).toEqual({
    input: samplePdfDirectory(),
    pages: 2,
    workers: expect.toSatisfy((workers) => workers === 1 || workers === 2),
    processes: undefined,
    killOne: false,
    runId: undefined,
    subdomain: 'samples',
    root: 'data',
    output: path.join('data', 'site'),
    ignoreCache: false,
    extractEntities: true,
  });
});

test('every option is taken', () => {
  const argv =
    '--input in --pages 0 --workers 3 --processes 4 --kill-one --run-id alameda_1737072000_abc123 --subdomain other ' +
    '--root kept --output out --ignore-cache --no-entities';
  expect(parseArguments(argv.split(' '))).toEqual({
    input: 'in',
    pages: 0,
    workers: 3,
    processes: 4,
    killOne: true,
    runId: 'alameda_1737072000_abc123',
    subdomain: 'other',
    root: 'kept',
    output: 'out',
    ignoreCache: true,
    extractEntities: false,
  });
});

test.for([
  [['--run-id', 'alameda_1737072000_abc123', '--input', 'in'], 'alameda'],
  [['--run-id', '2026-01-01_21-37-23', '--input', 'some/minutes'], 'minutes'],
  [['--input', 'some/minutes/'], 'minutes'],
  [['--input', '.'], path.basename(process.cwd())],
  [['--input', '/'], 'documents'],
] as const)('the subdomain of %j is %s', ([argv, subdomain]) => {
  expect(parseArguments(argv).subdomain).toBe(subdomain);
});

describe('wrong usage is said, with what was expected', () => {
  test.for([
    [['--pages', 'two'], /'--pages <n>'.*'two' is invalid\. Expected a whole number from 0 on/],
    [['--pages', '-1'], /'-1' is invalid\. Expected a whole number from 0 on/],
    [['--workers', '0'], /Expected a whole number from 1 to 64/],
    [['--processes', '0'], /Expected a whole number from 1 to 64/],
    [['--kill-one'], /--kill-one needs processes of which one can be killed: --processes <n>/],
    [['--run-id', '../x'], /'--run-id <id>'.*only the characters A-Z a-z 0-9 \. _ -/],
    [['--run-id', 'latest'], /'latest' is invalid\. Run ID taken/],
    [['--run-id', ''], /expected 1 to 128 characters/],
    [['--input', ''], /Expected a name, got nothing/],
    [['--input'], /argument missing/],
    [['--inptu', 'in'], /unknown option '--inptu'/],
    [['in'], /too many arguments/],
  ] as const)('%j', ([argv, message]) => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(() => parseArguments(argv)).toThrow(CommanderError);
      expect(written.mock.calls.join('')).toMatch(message);
    } finally {
      written.mockRestore();
    }
  });
});
