import { InvalidArgumentError } from 'commander';
import { type CliIo } from '../cli-io.ts';

/** A place in a bucket: keys are the prefix, a slash, and the path relative to the registry's root. */
export interface BucketPlace {
  readonly bucket: string;
  /** Without slashes around it; empty for the whole bucket. */
  readonly prefix: string;
}

/** Where a sync goes to. */
export interface Destination extends BucketPlace {
  /** Undefined for AWS, or what a profile says. */
  readonly endpoint: string | undefined;
  /** Undefined where a profile has to say it. */
  readonly region: string | undefined;
}

/** The rules of AWS for the names of buckets are the strictest; others allow underscores and capitals. */
const PLACE = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{2,62})(?:\/(.*))?$/;
/** Hosts that tell their region. */
const REGION_IN_HOST = /^s3[.-]([a-z0-9-]+)\.(?:backblazeb2\.com|amazonaws\.com|wasabisys\.com)$/;

/**
 * Reads `s3://bucket` or `s3://bucket/prefix`.
 * @throws {InvalidArgumentError}
 */
export function parseBucketPlace(text: string): BucketPlace {
  const [, bucket, rest = ''] = PLACE.exec(text) ?? [];
  const parts = rest.split('/').filter((part) => part !== '');
  if (bucket === undefined || parts.some((part) => part === '.' || part === '..')) {
    throw new InvalidArgumentError('Expected s3://bucket or s3://bucket/prefix.');
  }
  return { bucket, prefix: parts.join('/') };
}

/**
 * Reads the address of an S3-like store.
 * @throws {InvalidArgumentError}
 */
export function parseEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new InvalidArgumentError(
      'Expected an address like https://s3.us-west-004.backblazeb2.com.',
    );
  }
  return text;
}

function fromEnvironment<T>(
  name: string,
  env: CliIo['env'],
  parse: (text: string) => T,
): T | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `${name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Puts together what options and environment say; options win.
 * @throws {InvalidArgumentError} where a variable makes no sense, or nothing says where to
 */
export function destinationOf(
  options: { readonly to?: BucketPlace; readonly endpoint?: string; readonly region?: string },
  env: CliIo['env'],
): Destination {
  const place = options.to ?? fromEnvironment('MILEPOST_SYNC_TO', env, parseBucketPlace);
  if (place === undefined) {
    throw new InvalidArgumentError(
      'name where to: --to s3://bucket/prefix, or the variable MILEPOST_SYNC_TO',
    );
  }
  const endpoint =
    options.endpoint ??
    fromEnvironment('AWS_ENDPOINT_URL_S3', env, parseEndpoint) ??
    fromEnvironment('AWS_ENDPOINT_URL', env, parseEndpoint);
  const region = options.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  return { ...place, endpoint, region: region ?? regionOfEndpoint(endpoint) };
}

function regionOfEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  // Most stores but AWS and B2 take any region, and this one is what they expect.
  return REGION_IN_HOST.exec(URL.parse(endpoint)?.hostname ?? '')?.[1] ?? 'us-east-1';
}

/** The address of a place, or of an object in it. */
export function placeText({ bucket, prefix }: BucketPlace, key = ''): string {
  return ['s3:/', bucket, ...(key === '' ? [prefix] : [key])]
    .filter((part) => part !== '')
    .join('/');
}

/** The key of a file. */
export function keyOf({ prefix }: BucketPlace, path: string): string {
  return prefix === '' ? path : `${prefix}/${path}`;
}
