import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { checksumDirectory, formatManifest } from '../src/pipeline/checksums.ts';
import { compileDocument } from '../src/pipeline/compile-document.ts';
import { type Site } from '../src/pipeline/deploy-plugins.ts';
import { deploySite } from '../src/pipeline/deploy-site.ts';
import { assertDeployable } from '../src/pipeline/deploy-target.ts';
import { extractFields } from '../src/pipeline/extract-fields.ts';
import { writePageTable } from '../src/pipeline/write-page-table.ts';
import { readDocument } from './read-document.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function siteOf(texts: Readonly<Record<string, string>>): Promise<Site> {
  const directory = await temporaryDirectory();
  const compiled = await Promise.all(
    Object.entries(texts).map(([id, text]) =>
      compileDocument(readDocument([{ text }], { id, name: `${id}.pdf` }), {
        cacheDirectory: path.join(directory, 'cache'),
      }),
    ),
  );
  return {
    documents: compiled.map((document) => ({
      compiled: document,
      fields: extractFields(document),
    })),
    databasePath: await writePageTable(compiled, directory, 'minutes'),
  };
}

test('a release with a manifest of all its files', async () => {
  const target = path.join(await temporaryDirectory(), 'site');
  const onPlugin = vi.fn<(name: string) => void>();
  const site = await siteOf({ a: 'One in 1998', b: 'Two' });
  const deployment = await deploySite(site, { target, onPlugin });

  const current = path.join(target, 'current');
  expect(deployment).toMatchObject({ current, pluginCount: 4, unchanged: false });
  expect(await realpath(current)).toBe(await realpath(deployment.release));
  expect(onPlugin.mock.calls.flat()).toEqual([
    'document-texts',
    'document-fields',
    'database',
    'index',
  ]);
  expect(deployment.files.map((file) => file.path)).toEqual([
    'documents/a/fields.json',
    'documents/a/text.txt',
    'documents/b/fields.json',
    'documents/b/text.txt',
    'index.json',
    'minutes.jsonl',
  ]);
  expect(await readFile(path.join(current, 'documents/a/text.txt'), 'utf8')).toBe('One in 1998\n');
  const fields: unknown = JSON.parse(
    await readFile(path.join(current, 'documents/a/fields.json'), 'utf8'),
  );
  expect(fields).toEqual(site.documents[0]?.fields);
  expect(deployment.files).toEqual(await checksumDirectory(current));
  expect(await readFile(deployment.manifest, 'utf8')).toBe(formatManifest(deployment.files));
});

test.skipIf(process.platform !== 'linux')(
  'coreutils check the manifest, odd names too',
  async () => {
    const target = await temporaryDirectory();
    const { release } = await deploySite(await siteOf({ a: 'One', 'b\\c\nd é': 'Two' }), {
      target,
    });
    const output = execFileSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: release,
    });
    expect(output.toString().match(/: OK$/gm)).toHaveLength(6);
  },
);

describe('deploying again', () => {
  test('the same content changes nothing', async () => {
    const target = await temporaryDirectory();
    const first = await deploySite(await siteOf({ a: 'One' }), { target });
    const again = await deploySite(await siteOf({ a: 'One' }), { target });
    expect(again).toEqual({ ...first, unchanged: true });
    expect(await readdir(path.join(target, 'releases'))).toEqual([path.basename(first.release)]);
  });

  test('other content becomes a second release, and the first stays', async () => {
    const target = await temporaryDirectory();
    const first = await deploySite(await siteOf({ a: 'One' }), { target });
    const second = await deploySite(await siteOf({ a: 'Two' }), { target });
    const current = await readlink(path.join(target, 'current'));
    expect(current).toBe(path.join('releases', path.basename(second.release)));
    expect((await readdir(path.join(target, 'releases'))).toSorted()).toEqual(
      [first, second].map(({ release }) => path.basename(release)).toSorted(),
    );
    expect((await readdir(target)).toSorted()).toEqual(['current', 'releases']);
  });

  test('a release that was changed by hand is not pointed to', async () => {
    const target = await temporaryDirectory();
    const first = await deploySite(await siteOf({ a: 'One' }), { target });
    await deploySite(await siteOf({ a: 'Two' }), { target });
    const before = await readlink(path.join(target, 'current'));
    await writeFile(path.join(first.release, 'index.json'), '[]');
    await expect(deploySite(await siteOf({ a: 'One' }), { target })).rejects.toMatchObject({
      name: 'DeployError',
      message: `The release ${first.release} was changed after it was deployed: remove it and deploy again.`,
    });
    expect(await readlink(path.join(target, 'current'))).toBe(before);
  });
});

describe('nothing is left half-written', () => {
  const failing = { name: 'failing', write: () => Promise.reject(new Error('disk full')) };

  test('when a plugin fails', async () => {
    const target = await temporaryDirectory();
    const before = await deploySite(await siteOf({ a: 'One' }), { target });
    const site = await siteOf({ a: 'Two' });
    await expect(deploySite(site, { target, plugins: [failing] })).rejects.toThrow('disk full');
    expect(await readdir(path.join(target, 'releases'))).toEqual([path.basename(before.release)]);
    expect(await realpath(path.join(target, 'current'))).toBe(await realpath(before.release));
  });

  test('when it is aborted between two plugins', async () => {
    const target = await temporaryDirectory();
    const controller = new AbortController();
    const reason = new Error('enough');
    const onPlugin = (name: string) => {
      if (name === 'database') controller.abort(reason);
    };
    const deploying = deploySite(await siteOf({ a: 'One' }), {
      target,
      onPlugin,
      signal: controller.signal,
    });
    await expect(deploying).rejects.toBe(reason);
    expect(await readdir(path.join(target, 'releases'))).toEqual([]);
  });
});

describe('a target that holds something else is refused', () => {
  test('a file', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    await writeFile(target, '');
    const message = `Expected a directory to deploy to, but ${target} is a file.`;
    await expect(assertDeployable(target)).rejects.toMatchObject({ name: 'DeployError', message });
    await expect(deploySite(await siteOf({}), { target })).rejects.toMatchObject({ message });
  });

  test('a path through a file', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, '');
    await expect(assertDeployable(path.join(file, 'site'))).rejects.toMatchObject({
      name: 'DeployError',
      message: expect.stringMatching(/^Cannot deploy to .*site: .*ENOTDIR/),
    });
  });

  test.for<{
    readonly what: string;
    readonly named: string;
    readonly make: (target: string) => Promise<unknown>;
  }>([
    {
      what: 'files of others',
      named: 'passwd',
      make: (target) => writeFile(path.join(target, 'passwd'), ''),
    },
    {
      what: 'a hidden file of others',
      named: '.git',
      make: (target) => writeFile(path.join(target, '.git'), ''),
    },
    {
      what: 'a directory `current`',
      named: 'current',
      make: (target) => mkdir(path.join(target, 'current')),
    },
    {
      what: 'a file `releases`',
      named: 'releases',
      make: (target) => writeFile(path.join(target, 'releases'), ''),
    },
    {
      what: 'releases that another program named',
      named: path.join('releases', '20260116213723'),
      make: (target) => mkdir(path.join(target, 'releases', '20260116213723'), { recursive: true }),
    },
  ])('a directory with $what', async ({ named, make }) => {
    const target = await temporaryDirectory();
    await make(target);
    const before = await readdir(target, { recursive: true });
    const error = {
      name: 'DeployError',
      message: `Expected ${target} to be empty, or to hold nothing but earlier deployments, but it holds ${named}.`,
    };
    await expect(assertDeployable(target)).rejects.toMatchObject(error);
    await expect(deploySite(await siteOf({}), { target })).rejects.toMatchObject(error);
    expect(await readdir(target, { recursive: true })).toEqual(before);
  });
});

test('a deployment that was killed does not bar the next one', async () => {
  const target = await temporaryDirectory();
  await deploySite(await siteOf({ a: 'One' }), { target });
  for (const name of ['.staging-1', '.current-1']) {
    await mkdir(path.join(target, 'releases', name));
  }
  await expect(assertDeployable(target)).resolves.toBeUndefined();
});
