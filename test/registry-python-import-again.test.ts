import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Registry,
  type RegistryFileSystem,
  nodeFileSystem,
  openRegistry,
} from '@milepost/registry';
import { fingerprint, python } from './python-programs.ts';

const UPLOAD = '2026-01-01_20-48-14';
const SECOND_UPLOAD = '2026-01-02_09-00-00';
const JOB = '2026-01-01_21-37-23';
const FAILED = '2026-01-02_10-00-00';
const REVIEWED = '2026-01-02_11-00-00';

/** A tree that the Python module wrote, and the root of a registry beside it. */
function legacy(): { readonly theirs: string; readonly root: string; readonly beside: string } {
  const beside = mkdtempSync(join(tmpdir(), 'milepost-import-'));
  onTestFinished(() => rmSync(beside, { recursive: true }));
  const theirs = join(beside, 'theirs');
  python('legacy_tree.py', theirs);
  return { theirs, root: join(beside, 'data'), beside };
}

function opened(root: string, fs: RegistryFileSystem = nodeFileSystem): Registry {
  const registry = openRegistry({ root, itemsKey: 'citekeys', fs });
  onTestFinished(() => registry.close());
  return registry;
}

/** What others read in a registry: SHA-256 of each file, and the target of each link. */
function contentOf(root: string): Record<string, string> {
  const found = Object.entries(fingerprint(root, ['.milepost']));
  return Object.fromEntries(
    found.map(([path, text]) => [path, text.replace(/^([0-9a-f]{64}) .*/, '$1')]),
  );
}

/** A disk that takes journals and uploads, and no hub, spoke or link of one job. */
function withoutFilesOf(jobId: string): RegistryFileSystem {
  return {
    ...nodeFileSystem,
    open: async (path, flags) => {
      if (path.includes('/data/analytics/') && path.includes(`.${jobId}.json.`)) {
        throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
      }
      return nodeFileSystem.open(path, flags);
    },
  };
}

/** A disk on which the links to one job come late. */
function slowToLinkTo(jobId: string): RegistryFileSystem {
  const late = new Set<string>();
  return {
    ...nodeFileSystem,
    symlink: async (target, path) => {
      if (target === `${jobId}.json`) late.add(path);
      await nodeFileSystem.symlink(target, path);
    },
    rename: async (from, to) => {
      if (late.has(from)) await setTimeout(50);
      await nodeFileSystem.rename(from, to);
    },
  };
}

test.for([JOB, FAILED, REVIEWED])('latest is the newest where %s is the slowest', async (slow) => {
  const { theirs, root } = legacy();
  await opened(root, slowToLinkTo(slow)).importLegacy(theirs);
  expect(readlinkSync(join(root, 'analytics/job_registry/latest.json'))).toBe(`${REVIEWED}.json`);
  expect(readlinkSync(join(root, 'analytics/ocr/job_metadata/latest.json'))).toBe(`${FAILED}.json`);
});

describe('with another zone', () => {
  test('times stay as they were imported, and the report says of which', async () => {
    const { theirs, root } = legacy();
    const registry = opened(root);
    await registry.importLegacy(theirs, { timeZone: 'Europe/Berlin' });
    const before = contentOf(root);
    const same = { jobs: [], sources: [], unchanged: 5, problems: [] };
    // Without a zone nothing is asked for.
    expect(await registry.importLegacy(theirs)).toMatchObject({ ...same, otherZone: [] });
    expect(await registry.importLegacy(theirs, { timeZone: '+01:00' })).toMatchObject({
      ...same,
      otherZone: [],
    });
    expect(await registry.importLegacy(theirs, { timeZone: 'UTC' })).toMatchObject({
      ...same,
      otherZone: [UPLOAD, JOB, SECOND_UPLOAD, FAILED, REVIEWED],
    });
    expect(contentOf(root)).toEqual(before);
  });

  test('in place, times stay as well', async () => {
    const { theirs } = legacy();
    const registry = opened(theirs);
    await registry.importLegacy(theirs, { timeZone: '+05:00' });
    expect(await registry.importLegacy(theirs, { timeZone: '+05:00' })).toMatchObject({
      unchanged: 5,
      otherZone: [],
    });
    expect(await registry.importLegacy(theirs, { timeZone: '+06:00' })).toMatchObject({
      unchanged: 5,
      otherZone: [JOB, FAILED, REVIEWED],
    });
  });
});

test('two imports at once take an upload once, and neither fails', async () => {
  const { theirs, root } = legacy();
  const other = opened(root);
  let isFirst = true;
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    link: async (from, to) => {
      if (isFirst && to.includes('/sources/')) {
        isFirst = false;
        await other.importLegacy(theirs);
      }
      await nodeFileSystem.link(from, to);
    },
  };
  const registry = opened(root, fs);
  expect(await registry.importLegacy(theirs)).toMatchObject({ problems: [] });
  expect(isFirst).toBe(false);
  expect(await registry.verify()).toMatchObject({ ok: true, findings: [] });
});

describe('what cannot be written', () => {
  test('is named, and hides nothing else', async () => {
    const { theirs, root, beside } = legacy();
    mkdirSync(join(root, '.milepost/journal'), { recursive: true });
    writeFileSync(join(root, '.milepost/journal', FAILED), 'x');
    mkdirSync(join(beside, 'elsewhere'));
    mkdirSync(join(root, 'analytics'));
    symlinkSync(join(beside, 'elsewhere'), join(root, 'analytics/segmentation'));
    const report = await opened(root).importLegacy(theirs);
    expect(report).toMatchObject({
      jobs: [{ jobId: JOB, steps: ['ocr', 'sync_ocr', 'toc'] }],
      sources: [UPLOAD, SECOND_UPLOAD],
      unchanged: 0,
      problems: [
        { path: join(theirs, `analytics/job_registry/${FAILED}.json`) },
        { path: join(theirs, `analytics/job_registry/${REVIEWED}.json`) },
      ],
    });
    for (const { message } of report.problems) expect(message).toContain('is not on disk: ');
    expect(fingerprint(join(beside, 'elsewhere'))).toEqual({});
  });

  test('comes with the next import, where the journal was written and the files were not', async () => {
    const { theirs, root, beside } = legacy();
    const whole = join(beside, 'whole');
    await opened(whole).importLegacy(theirs);
    const failing = opened(root, withoutFilesOf(JOB));
    const report = await failing.importLegacy(theirs);
    expect(report.problems).toMatchObject([
      { path: join(theirs, `analytics/job_registry/${JOB}.json`) },
    ]);
    await failing.close();
    expect(contentOf(root)).not.toEqual(contentOf(whole));
    const registry = opened(root);
    expect(await registry.importLegacy(theirs)).toMatchObject({ unchanged: 5, problems: [] });
    expect(await registry.verify()).toMatchObject({ ok: true, findings: [] });
    expect(contentOf(root)).toEqual(contentOf(whole));
  });
});

test('a result that changes while it is copied is named, and not taken', async () => {
  const { theirs, root } = legacy();
  const result = `analytics/ocr/citekey1/${JOB}/citekey1.json`;
  const fs: RegistryFileSystem = {
    ...nodeFileSystem,
    readFile: async (path) => {
      if (path === join(theirs, result)) writeFileSync(path, 'changed meanwhile');
      return nodeFileSystem.readFile(path);
    },
  };
  const report = await opened(root, fs).importLegacy(theirs, { results: 'copy' });
  expect(report.problems).toEqual([
    {
      path: join(theirs, result),
      message: 'it changed while it was read: import again when nobody writes to it',
    },
  ]);
  expect(existsSync(join(root, result))).toBe(false);
});
