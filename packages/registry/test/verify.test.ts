import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordOutput, withItem, withRun, withStage } from '@milepost/core';
import { type Registry, type VerifyReport, nodeFileSystem, openRegistry } from '@milepost/registry';
import { journalLines } from '../src/journal-line.ts';
import { connectedRegistry } from './connected-registry.ts';
import { temporaryRoot } from './temporary-root.ts';

const HUB = 'analytics/job_registry/r1.json';
const SPOKE = 'analytics/ocr/job_metadata/r1.json';
const RESULT = 'analytics/ocr/doc1/r1/doc1.json';
const JOURNAL = '.milepost/journal/r1';

/** A registry with a whole run: a stage, an item, a result of it, and an upload that it came from. */
async function recorded(runId = 'r1'): Promise<Registry> {
  const registry = connectedRegistry();
  const inbox = join(registry.root, '..', 'inbox');
  mkdirSync(inbox, { recursive: true });
  writeFileSync(join(inbox, 'doc1'), 'what was scanned');
  await registry.saveSourceFiles({ paths: [inbox], jobId: `upload_${runId}` });
  await withRun({ pipeline: 'minutes', runId, source: `upload_${runId}` }, () =>
    withStage('ocr', () =>
      withItem('doc1', () => registry.writeResult('doc1', 'doc1.json', { pages: 3 })),
    ),
  );
  await registry.flush();
  return registry;
}

/** Findings without what differs from machine to machine. */
function told({ findings }: VerifyReport): readonly string[] {
  return findings.map(({ kind, severity, path, jobId, message }) => {
    const place = path.replace(/[0-9a-f]{16}\.jsonl$/, '{writer}.jsonl');
    return `${severity} ${kind} ${place} ${String(jobId)}: ${message}`;
  });
}

function segmentOf(root: string): string {
  const [name = ''] = readdirSync(join(root, JOURNAL));
  return join(root, JOURNAL, name);
}

test('a registry that nobody touched is as it should be, and is not changed by looking', async () => {
  const { root } = await recorded();
  const before = readdirSync(root, { recursive: true });
  await using registry = openRegistry({ root });
  expect(await registry.verify()).toEqual({
    runs: 1,
    uploads: 1,
    files: 2,
    bytes: 33,
    ok: true,
    findings: [],
  });
  expect(await registry.verify({ run: 'latest', files: false })).toEqual({
    runs: 1,
    uploads: 0,
    files: 0,
    bytes: 0,
    ok: true,
    findings: [],
  });
  expect(readdirSync(root, { recursive: true })).toEqual(before);
});

test('a run that nothing tells of is an error', async () => {
  const registry = await recorded();
  await expect(registry.verify({ run: 'r2' })).rejects.toMatchObject({ code: 'run_not_found' });
});

/** Has a file say something else, of the same length. */
function tampered(root: string, path: string, from: string, to: string): void {
  const text = readFileSync(join(root, path), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(root, path), text.replace(from, to));
}

/** The lines of a segment. */
function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('what verify finds', () => {
  test.for<readonly [string, (root: string) => void, readonly string[]]>([
    [
      'an output that was changed, in as many bytes',
      (root) => tampered(root, RESULT, '3', '9'),
      [
        `error output_changed ${RESULT} r1: output of ocr: it has SHA-256 231ec840998937493f87fbf7b08266e44bc15a4b28248253747a45f66a52b0b0, recorded was `,
      ],
    ],
    [
      'an output that is longer',
      (root) => appendFileSync(join(root, RESULT), 'x'),
      [`error output_changed ${RESULT} r1: output of ocr: it has 18 bytes, recorded were 17`],
    ],
    [
      'an output that is gone',
      (root) => unlinkSync(join(root, RESULT)),
      [`error output_missing ${RESULT} r1: output of ocr: it is not there any more`],
    ],
    [
      'an output that is a directory now',
      (root) => {
        unlinkSync(join(root, RESULT));
        mkdirSync(join(root, RESULT));
      },
      [`error unreadable ${RESULT} r1: output of ocr: it is no file any more`],
    ],
    [
      'an output in whose place a link leads out of the root',
      (root) => {
        unlinkSync(join(root, RESULT));
        writeFileSync(join(root, '..', 'secret'), '{\n  "pages": 3\n}\n');
        symlinkSync(join(root, '..', 'secret'), join(root, RESULT));
      },
      [
        `error outside_root ${RESULT} r1: output of ocr: a link leads out of the root: it was not read`,
      ],
    ],
    [
      'a hub that is gone',
      (root) => unlinkSync(join(root, HUB)),
      [
        `error missing ${HUB} r1: the hub is not there; a rebuild makes it from the journal`,
        'error missing analytics/job_registry/latest.json undefined: it names r1.json, which is not there; a rebuild moves it',
      ],
    ],
    [
      'a hub that was changed',
      (root) => tampered(root, HUB, '"total": 1', '"total": 2'),
      [
        `error changed ${HUB} r1: the hub has bytes that Milepost never wrote; a rebuild takes in what others added, and writes it anew`,
      ],
    ],
    [
      'a spoke that was changed',
      (root) => tampered(root, SPOKE, '"total": 1', '"total": 2'),
      [
        `error changed ${SPOKE} r1: the spoke has bytes that Milepost never wrote; a rebuild takes in what others added, and writes it anew`,
      ],
    ],
    [
      'a hub of 0 bytes',
      (root) => truncateSync(join(root, HUB)),
      [`error unreadable ${HUB} r1: Unexpected end of JSON input`],
    ],
    [
      'a hub that is a directory',
      (root) => {
        unlinkSync(join(root, HUB));
        mkdirSync(join(root, HUB));
      },
      [`error unreadable ${HUB} r1: EISDIR: illegal operation on a directory, read`],
    ],
    [
      'a line of the journal that was changed',
      (root) => tampered(root, segmentOf(root).slice(root.length + 1), '"doc1"', '"doc2"'),
      [
        `error journal_damaged ${JOURNAL}/{writer}.jsonl r1: 1 line does not match its checksum`,
        `error journal_incomplete ${JOURNAL}/{writer}.jsonl r1: missing in the sequence of records: 4`,
        `error stale ${SPOKE} r1: the spoke is not what the journal tells now; it may tell what the journal has lost: keep a copy before anything writes it anew`,
      ],
    ],
    [
      'lines of the journal that were taken out',
      (root) => {
        const path = segmentOf(root);
        const lines = linesOf(path);
        writeFileSync(path, `${[...lines.slice(0, 3), ...lines.slice(5)].join('\n')}\n`);
      },
      [
        `error journal_incomplete ${JOURNAL}/{writer}.jsonl r1: missing in the sequence of records: 4 to 5`,
        `error stale ${HUB} r1: the hub is not what the journal tells now; it may tell what`,
        `error stale ${SPOKE} r1: the spoke is not what the journal tells now; it may tell what`,
      ],
    ],
    [
      'a line of the journal that stands there twice',
      (root) => {
        const [first = ''] = linesOf(segmentOf(root));
        appendFileSync(segmentOf(root), `${first}\n`);
      },
      [
        `error journal_repeated ${JOURNAL}/{writer}.jsonl r1: twice or out of order among the records: 1`,
      ],
    ],
    [
      'a journal that is gone',
      (root) => rmSync(join(root, JOURNAL), { recursive: true }),
      [
        `error journal_missing ${HUB} r1: Milepost wrote the hub, and its journal is not there any more`,
      ],
    ],
    [
      'a journal that was cut in its first line',
      (root) => truncateSync(segmentOf(root), 20),
      [
        `note journal_torn ${JOURNAL}/{writer}.jsonl r1: none of its 20 bytes are a whole line: its writer died as it began, or somebody cut the file`,
        `error journal_missing ${HUB} r1: Milepost wrote the hub, and nothing of its journal can be read any more`,
      ],
    ],
    [
      'a journal that is no directory',
      (root) => {
        rmSync(join(root, JOURNAL), { recursive: true });
        writeFileSync(join(root, JOURNAL), '');
      },
      [
        `error unreadable ${JOURNAL} r1: ENOTDIR: not a directory, scandir`,
        `error journal_missing ${HUB} r1: Milepost wrote the hub, and nothing of its journal can be read any more`,
      ],
    ],
    [
      'a segment of another run',
      (root) => {
        const opening = {
          kind: 'segment_opened',
          time: 1,
          version: 1,
          run_id: 'r9',
          writer: '00000000000000aa',
          host: 'h',
          pid: 1,
          thread_id: 0,
          process_start: 1,
        };
        const path = join(root, JOURNAL, '00000000000000aa.jsonl');
        writeFileSync(path, journalLines(1, [JSON.stringify(opening)]));
      },
      [
        `error journal_misplaced ${JOURNAL}/{writer}.jsonl r1: it was written as r9/00000000000000aa`,
      ],
    ],
    [
      'the half-written line that a kill leaves, which is no fault',
      (root) => appendFileSync(segmentOf(root), '{"seq":99,"ki'),
      [
        `note journal_torn ${JOURNAL}/{writer}.jsonl r1: the last 13 bytes are no whole line: its writer is writing, or died before it told anybody that they are kept, or somebody cut the file`,
      ],
    ],
    [
      'an upload that says something else than the run was told',
      (root) => {
        const path = 'sources/job_metadata/upload_r1.json';
        const { checksums } = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
          checksums: Record<string, string>;
        };
        tampered(root, path, checksums['doc1'] ?? '', 'f'.repeat(64));
      },
      [
        `error source_differs ${HUB} r1: checksums of its upload upload_r1 are not those that the run was told: doc1`,
        'error source_file_changed inbox/doc1 upload_r1: item doc1: its file has SHA-256',
      ],
    ],
    [
      'an upload that is gone',
      (root) => unlinkSync(join(root, 'sources/job_metadata/upload_r1.json')),
      [
        `error source_missing ${HUB} r1: its upload upload_r1 is not there any more`,
        'error missing sources/job_metadata/latest.json undefined: it names upload_r1.json, which is not there; a rebuild moves it',
      ],
    ],
    [
      'an upload that is no JSON',
      (root) => writeFileSync(join(root, 'sources/job_metadata/upload_r1.json'), 'no'),
      ['error unreadable sources/job_metadata/upload_r1.json upload_r1: Unexpected token'],
    ],
    [
      'a file of an upload that was changed',
      (root) => writeFileSync(join(root, '../inbox/doc1'), 'what was forged!'),
      ['error source_file_changed inbox/doc1 upload_r1: item doc1: its file has SHA-256'],
    ],
  ])('%s', async ([, tamper, expected]) => {
    const { root } = await recorded();
    tamper(root);
    await using registry = openRegistry({ root });
    const report = await registry.verify();
    const inbox = join(dirname(root), 'inbox');
    const lines = told(report).map((line) => line.replace(inbox, 'inbox'));
    expect(lines).toHaveLength(expected.length);
    lines.forEach((line, index) => {
      const start = expected[index] ?? '';
      expect(line.slice(0, start.length)).toBe(start);
    });
    expect(report.ok).toBe(expected.every((line) => line.startsWith('note')));
  });

  test('two ends of one attempt', async () => {
    const { root } = await recorded();
    const end = {
      kind: 'run_ended',
      time: 1,
      run_attempt: 1,
      status: 'failed',
      duration_seconds: 1,
    };
    const path = join(root, JOURNAL, '00000000000000aa.jsonl');
    writeFileSync(path, journalLines(1, [JSON.stringify(end)]));
    await using registry = openRegistry({ root });
    const report = await registry.verify({ run: 'r1' });
    expect(told(report)).toEqual([
      expect.stringMatching(
        /^error contradiction \.milepost\/journal\/r1 r1: the run ended more than once \(attempt 1\): failed at 1970-01-01T00:00:00.001Z, completed at /,
      ),
    ]);
  });

  test('an output that a later run wrote anew is no fault of the earlier one', async () => {
    const registry = connectedRegistry();
    for (const runId of ['r1', 'r2']) {
      await withRun({ pipeline: 'p', runId }, () =>
        withStage('deploy', async () => {
          const path = join(registry.root, 'site.html');
          mkdirSync(registry.root, { recursive: true });
          writeFileSync(path, runId);
          recordOutput(path);
          await registry.flush();
        }),
      );
    }
    await registry.flush();
    const report = await registry.verify();
    expect(told(report)).toEqual([
      'note output_superseded site.html r1: output of deploy: run r2 wrote it anew since',
    ]);
    expect(report.ok).toBe(true);
    // Whoever changes it after that is found in the last run that wrote it.
    writeFileSync(join(registry.root, 'site.html'), 'r3');
    expect((await registry.verify()).findings.map(({ kind, jobId }) => [kind, jobId])).toEqual([
      ['output_changed', 'r1'],
      ['output_changed', 'r2'],
    ]);
  });

  test('a file that nobody may read', async () => {
    const { root } = await recorded();
    const denied = async (path: string): Promise<Buffer> => {
      if (!path.endsWith(HUB)) return nodeFileSystem.readFile(path);
      throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), {
        code: 'EACCES',
      });
    };
    await using registry = openRegistry({ root, fs: { ...nodeFileSystem, readFile: denied } });
    expect(told(await registry.verify())).toEqual([
      expect.stringContaining(`error unreadable ${HUB} r1: EACCES`),
    ]);
  });

  test('a hub that lacks what a spoke of others tells', async () => {
    const root = temporaryRoot();
    for (const step of ['ocr', 'toc']) {
      mkdirSync(join(root, `analytics/${step}/job_metadata`), { recursive: true });
      const spoke = { status: 'completed', job_id: '2026-01-01_21-37-23', pipeline_step: step };
      const path = `analytics/${step}/job_metadata/2026-01-01_21-37-23.json`;
      writeFileSync(join(root, path), JSON.stringify(spoke));
    }
    await using registry = openRegistry({ root });
    const hub = 'analytics/job_registry/2026-01-01_21-37-23.json';
    expect(told(await registry.verify())).toEqual([
      `error missing ${hub} 2026-01-01_21-37-23: the hub is not there; a rebuild makes it from the spokes`,
    ]);
    await registry.rebuildRun('2026-01-01_21-37-23');
    expect(told(await registry.verify())).toEqual([]);
    const content = JSON.parse(readFileSync(join(root, hub), 'utf8')) as {
      pipeline_steps: Record<string, unknown>;
    };
    delete content.pipeline_steps['toc'];
    writeFileSync(join(root, hub), JSON.stringify(content));
    expect(told(await registry.verify())).toEqual([
      `error incomplete ${hub} 2026-01-01_21-37-23: the hub does not tell of toc; a rebuild completes it from the spokes`,
    ]);
  });
});

test('one run is rebuilt, and no other', async () => {
  const registry = await recorded('r1');
  withRun({ pipeline: 'minutes', runId: 'r2' }, () => withStage('ocr', () => undefined));
  await registry.flush();
  const { root } = registry;
  const before = readFileSync(join(root, HUB));
  rmSync(join(root, 'analytics/job_registry'), { recursive: true });
  await using other = openRegistry({ root });
  expect(await other.rebuildRun('r1')).toBe('r1');
  expect(readFileSync(join(root, HUB))).toEqual(before);
  expect(readdirSync(join(root, 'analytics/job_registry')).toSorted()).toEqual([
    'latest.json',
    'r1.json',
  ]);
  expect(await other.rebuildRun('r9')).toBeUndefined();
});
