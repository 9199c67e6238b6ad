import { type Destination, placeText } from './destination.ts';

/**
 * What a store refused, or why it could not be asked. One that is about the store concerns every file: nothing more is
 * tried. The message says what to do.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: 'store' | 'object' | 'damaged';

  constructor(message: string, code: StoreError['code'], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const NO_CREDENTIALS: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
]);
const WRONG_CREDENTIALS: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
  'TokenRefreshRequired',
  'InvalidSecurity',
]);
const WRONG_REGION: ReadonlySet<string> = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);
const DAMAGED: ReadonlySet<string> = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'IncompleteBody',
]);
const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'TimeoutError',
  'UND_ERR_SOCKET',
]);

interface Facts {
  readonly name: string;
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly message: string;
}

function textIn(value: object, key: string): string | undefined {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function factsOf(error: unknown): Facts {
  if (!(error instanceof Error)) {
    return { name: 'Error', code: undefined, status: undefined, message: String(error) };
  }
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null
      ? Reflect.get(metadata, 'httpStatusCode')
      : undefined;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const message = error.message || (inner instanceof Error ? inner.message : '') || error.name;
  return {
    name: error.name,
    code: textIn(error, 'code'),
    status: typeof status === 'number' ? status : undefined,
    message: message.split('\n')[0] ?? '',
  };
}

/** Whether an error says that there is no such object. */
export function isMissing(error: unknown): boolean {
  const { name, status } = factsOf(error);
  return name === 'NotFound' || name === 'NoSuchKey' || (status === 404 && name !== 'NoSuchBucket');
}

/** What an error of the S3 client means, in one line for people. */
export function storeErrorOf(error: unknown, destination: Destination): StoreError {
  if (error instanceof StoreError) return error;
  const facts = factsOf(error);
  const about = aboutStore(facts, destination);
  if (about !== undefined) return new StoreError(about, 'store', { cause: error });
  const code = DAMAGED.has(facts.name) ? 'damaged' : 'object';
  return new StoreError(`the store refused it: ${said(facts)}`, code, { cause: error });
}

function said({ name, status, message }: Facts): string {
  const number = status === undefined ? '' : `${status} `;
  return message === name || message === 'UnknownError'
    ? `${number}${name}`
    : `${number}${name}: ${message}`;
}

function aboutStore(facts: Facts, destination: Destination): string | undefined {
  const { name, code, status, message } = facts;
  const where = destination.endpoint ?? 'AWS S3';
  if (NO_CREDENTIALS.has(name)) {
    return 'no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.';
  }
  if (message === 'Region is missing') {
    return 'no region: name it with --region or AWS_REGION.';
  }
  if (WRONG_CREDENTIALS.has(name)) {
    return `${where} refused the credentials (${said(facts)}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the clock.`;
  }
  if (name === 'NoSuchBucket') {
    return `no bucket "${destination.bucket}" at ${where}: make it, or name another with --to.`;
  }
  if (WRONG_REGION.has(name) || status === 301) {
    return `${where} has the bucket "${destination.bucket}" in another region (${said(facts)}): name it with --region.`;
  }
  if (status === 401 || status === 403) {
    return `${where} refused access to ${placeText(destination)} (${said(facts)}): the key must be allowed to list, read and write there.`;
  }
  if (status === 429 || (status !== undefined && status >= 500) || name === 'SlowDown') {
    return `${where} does not keep up (${said(facts)}), several tries were made: sync again later; what is there is not sent again.`;
  }
  if (UNREACHABLE.has(code ?? '') || UNREACHABLE.has(name)) {
    return `could not reach ${where} (${message}): check --endpoint and the network, then sync again; what is there is not sent again.`;
  }
  return undefined;
}
