import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishedPackages, specifierOf } from './published-packages.ts';

// Every public name of every package, in `public-names.json`: none appears or goes unseen. After a change on
// purpose, `npm test -- test/public-names -u` writes the file anew.

/** One name of an entry point, and the file that declares it. */
interface PublicName {
  readonly name: string;
  readonly isType: boolean;
  readonly declaredIn: string;
}

const EXPORT_LIST = /export \{([^}]*)\} from '(\.[^']+)';/g;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/g;

function publicNames(file: string): readonly PublicName[] {
  return [...readFileSync(file, 'utf8').replace(COMMENT, '').matchAll(EXPORT_LIST)].flatMap(
    ([, list = '', from = '']) =>
      list
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
        .map((entry) => ({
          name: entry.replace(/^type /, ''),
          isType: entry.startsWith('type '),
          declaredIn: join(dirname(file), from),
        })),
  );
}

const entryPoints = publishedPackages().flatMap(({ directory, manifest }) =>
  Object.entries(manifest.exports).map(([subpath, { '@milepost/source': source }]) => {
    const file = join(directory, source);
    return { specifier: specifierOf(manifest, subpath), file, names: publicNames(file) };
  }),
);

/** Entry points that are imported for what they do: they export nothing. */
const effects = ['@milepost/node/register'];
const lists = entryPoints.filter(({ specifier }) => !effects.includes(specifier));

test('the public names are those of public-names.json', async () => {
  const names = Object.fromEntries(
    entryPoints.map(({ specifier, names }) => [
      specifier,
      names.map(({ name, isType }) => (isType ? `type ${name}` : name)).toSorted(),
    ]),
  );
  await expect(`${JSON.stringify(names, null, 2)}\n`).toMatchFileSnapshot('public-names.json');
});

test('no source file exports whatever another one exports', () => {
  const stars = publishedPackages().flatMap(({ directory }) =>
    readdirSync(join(directory, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => join(directory, 'src', path))
      .filter((file) => /^export \*/m.test(readFileSync(file, 'utf8'))),
  );
  expect(stars).toEqual([]);
});

describe.for(lists)('$specifier', ({ specifier, file, names }) => {
  test('is a list of names and nothing else', () => {
    const rest = readFileSync(file, 'utf8').replace(COMMENT, '').replace(EXPORT_LIST, '').trim();
    expect(rest).toBe('');
  });

  test('exports just these values when it is imported', async () => {
    const values = names.filter(({ isType }) => !isType).map(({ name }) => name);
    expect(Object.keys(await import(specifier)).toSorted()).toEqual(values.toSorted());
  });

  test('says of each function and type what it is', () => {
    const constant = /^[A-Z0-9_]+$/;
    const silent = names.filter(({ name, declaredIn }) => {
      if (constant.test(name)) return false;
      const declaration = String.raw`\*/\s*export (?:declare |abstract |async )*(?:function\*?|const|class|interface|type) ${name}\b`;
      return !new RegExp(declaration).test(readFileSync(declaredIn, 'utf8'));
    });
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
