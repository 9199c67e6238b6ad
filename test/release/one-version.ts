import { readFileSync } from 'node:fs';

// Two copies of these lose data silently: what one registers, the other does not see.
const SHARED = /node_modules\/(@opentelemetry\/(?:api|core|resources|sdk-[^/]+|otlp-[^/]+))$/;

/**
 * Looks for second copies of the OpenTelemetry packages that must be there once.
 *
 * @param lockfile Path of a `package-lock.json`.
 * @returns How many packages it looked at.
 * @throws An error that names every copy, where there is more than one of a package, or none at all.
 */
export function requireOneVersionEach(lockfile: string): number {
  const { packages }: { packages: Record<string, { version: string }> } = JSON.parse(
    readFileSync(lockfile, 'utf8'),
  );
  const copies = Map.groupBy(
    Object.keys(packages).filter((path) => SHARED.test(path)),
    (path) => path.replace(/^.*node_modules\/(?=@opentelemetry)/, ''),
  );
  const twice = [...copies.values()].filter((paths) => paths.length > 1).flat();
  if (twice.length > 0 || copies.size === 0) {
    const found = twice.map((path) => `${path} ${packages[path]?.version}`);
    throw new Error(`${lockfile}: expected one copy of each, found\n${found.join('\n')}`);
  }
  return copies.size;
}
