import { parseSourceJob } from '@milepost/semconv/schemas';
import { withZone } from './import-records.ts';
import { parseTime } from './iso-time.ts';
import { type LatestLinks } from './latest-links.ts';
import { LATEST_FILE } from './layout.ts';
import { type LegacyTree } from './legacy-tree.ts';
import { timeOfRunId } from './load-run.ts';
import { codeOf } from './node-error.ts';
import { isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { canonicalText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { jsonText } from './render-run.ts';
import { createFile } from './replace-file.ts';
import { type Zoned } from './time-zone.ts';

async function bytesIfThere(
  { fs }: RegistryEnvironment,
  path: string,
): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Copies an upload of another directory, byte for byte where its time stamp needs no zone. One that the registry has is
 * never overwritten.
 * @returns whether it is new
 * @throws what is wrong with it; {@link RegistryError} `source_exists` where the registry has another of that ID
 */
export async function importSource(
  environment: RegistryEnvironment,
  links: LatestLinks,
  tree: LegacyTree,
  jobId: string,
  { zoned, dryRun }: { readonly zoned: Zoned; readonly dryRun: boolean },
): Promise<boolean> {
  const { fs, layout, directories } = environment;
  const bytes = await tree.environment.fs.readFile(tree.environment.layout.source(jobId));
  const job: unknown = parseJson(bytes.toString('utf8'));
  const { timestamp } = parseSourceJob(job);
  if (!isJsonObject(job)) throw new TypeError('expected a JSON object');
  if (tree.inPlace) return false;
  const withZones = withZone(job, zoned);
  const path = layout.source(jobId);
  const known = await bytesIfThere(environment, path);
  if (known !== undefined) {
    const text = canonicalText(parseJson(known.toString('utf8')));
    if (text === canonicalText(job) || text === canonicalText(withZones)) return false;
    const message = `an upload job ${jobId} is recorded already, and says something else: it was left as it is`;
    throw new RegistryError('source_exists', message);
  }
  if (dryRun) return true;
  const same = canonicalText(job) === canonicalText(withZones);
  const content = same ? bytes : Buffer.from(jsonText(withZones));
  await directories.within(layout.sources, () => createFile(fs, path, content));
  const time = parseTime(withZones['timestamp'] ?? timestamp) ?? timeOfRunId(jobId);
  await links.move(layout.sources, LATEST_FILE, '.json', jobId, time);
  await fs.syncDirectory(layout.sources);
  return true;
}
