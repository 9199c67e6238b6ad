import { parseSourceJob } from '@milepost/semconv/schemas';
import { withZone } from './import-records.ts';
import { parseTime } from './iso-time.ts';
import { type LatestLinks } from './latest-links.ts';
import { LATEST_FILE } from './layout.ts';
import { type LegacyTree } from './legacy-tree.ts';
import { timeOfRunId } from './load-run.ts';
import { codeOf } from './node-error.ts';
import { type JsonObject, isJsonObject } from './own-keys.ts';
import { parseJson } from './parse-json.ts';
import { canonicalText } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { jsonText } from './render-run.ts';
import { createFile } from './replace-file.ts';
import { type Zoned } from './time-zone.ts';

/** The zone of a time stamp with date and time. */
const ZONE_BEHIND_TIME = /(?<=T\d{2}:\d{2}.*)(?:Z|[+-]\d{2}:?\d{2})$/i;

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

/** What became of an upload: `other_zone` where it is known with times of another zone. */
export type ImportedSource = 'new' | 'known' | 'other_zone';

/** An upload without the zones of its time stamps, to compare what it says besides. */
function withoutZones(job: JsonObject): string {
  return canonicalText(withZone(job, (text) => text.replace(ZONE_BEHIND_TIME, '')));
}

/**
 * How an upload that the registry has compares with one that is imported.
 * @throws {RegistryError} `source_exists` where it says something else
 */
function compareSource(
  jobId: string,
  known: Buffer,
  job: JsonObject,
  zoned: Zoned,
): ImportedSource {
  const parsed: unknown = parseJson(known.toString('utf8'));
  const withZones = canonicalText(withZone(job, zoned));
  if (canonicalText(parsed) === withZones) return 'known';
  if (isJsonObject(parsed) && withoutZones(parsed) === withoutZones(job)) {
    // Where no zone was named, none was asked for.
    return withZones === canonicalText(job) ? 'known' : 'other_zone';
  }
  const message = `an upload job ${jobId} is recorded already, and says something else: it was left as it is`;
  throw new RegistryError('source_exists', message);
}

/**
 * Copies an upload of another directory, byte for byte where its time stamp needs no zone. One that the registry has is
 * never overwritten.
 * @throws what is wrong with it; {@link RegistryError} `source_exists` where the registry has another of that ID
 */
export async function importSource(
  environment: RegistryEnvironment,
  links: LatestLinks,
  tree: LegacyTree,
  jobId: string,
  { zoned, dryRun }: { readonly zoned: Zoned; readonly dryRun: boolean },
): Promise<ImportedSource> {
  const { fs, layout, directories } = environment;
  const bytes = await tree.environment.fs.readFile(tree.environment.layout.source(jobId));
  const job: unknown = parseJson(bytes.toString('utf8'));
  const { timestamp } = parseSourceJob(job);
  if (!isJsonObject(job)) throw new TypeError('expected a JSON object');
  if (tree.inPlace) return 'known';
  const withZones = withZone(job, zoned);
  const path = layout.source(jobId);
  const known = await bytesIfThere(environment, path);
  if (known !== undefined) return compareSource(jobId, known, job, zoned);
  if (dryRun) return 'new';
  const same = canonicalText(job) === canonicalText(withZones);
  const content = same ? bytes : Buffer.from(jsonText(withZones));
  try {
    await directories.within(layout.sources, () => createFile(fs, path, content));
  } catch (error) {
    const made = codeOf(error) === 'EEXIST' ? await bytesIfThere(environment, path) : undefined;
    if (made === undefined) throw error;
    // Another import was faster.
    return compareSource(jobId, made, job, zoned);
  }
  const time = parseTime(withZones['timestamp'] ?? timestamp) ?? timeOfRunId(jobId);
  await links.move(layout.sources, LATEST_FILE, '.json', jobId, time);
  await fs.syncDirectory(layout.sources);
  return 'new';
}
