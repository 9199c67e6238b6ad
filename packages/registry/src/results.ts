import { dirname, join } from 'node:path';
import { type Scope } from '@milepost/core/hooks';
import { sha256 } from './foreign-files.ts';
import { messageOf } from './node-error.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { replaceFile } from './replace-file.ts';

/** What a result may be: text and bytes are written as they are, anything else as JSON. */
export type ResultData =
  | string
  | Uint8Array
  | number
  | boolean
  | null
  | readonly unknown[]
  | Readonly<Record<string, unknown>>;

/** A result as it lies on disk. */
export interface WrittenResult {
  /** Absolute. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

const MAX_NAME_BYTES = 200;

function assertResultName(name: string): void {
  const parts = name.split('/');
  const wrong = parts.some(
    (part) =>
      part === '' ||
      part === '.' ||
      part === '..' ||
      part.includes('\0') ||
      part.includes('\\') ||
      Buffer.byteLength(part) > MAX_NAME_BYTES,
  );
  if (wrong) {
    throw new RegistryError(
      'invalid_argument',
      `not a name for a result: expected names with "/" between them, none of them "", "." or "..", got ${JSON.stringify(name.slice(0, 80))}`,
    );
  }
}

function bytesOf(data: ResultData): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(`${jsonOf(data)}\n`, 'utf8');
}

function jsonOf(data: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(data, null, 2);
  } catch (error) {
    const message = `a result cannot be written as JSON: ${messageOf(error)}`;
    throw new RegistryError('invalid_argument', message, { cause: error });
  }
  if (json === undefined) {
    const message = `a result cannot be written as JSON: got ${typeof data}`;
    throw new RegistryError('invalid_argument', message);
  }
  return json;
}

/**
 * Writes a result of an item by a safe replacement: `analytics/{stage}/{item}/{run_id}/{name}`.
 * @throws {RegistryError} `no_stage`, `invalid_argument`, `outside_root`; and what the file system throws
 */
export async function writeResultFile(
  environment: RegistryEnvironment,
  scope: Scope | undefined,
  itemId: string,
  name: string,
  data: ResultData,
): Promise<WrittenResult> {
  const stage = scope?.stage;
  if (stage === undefined) {
    throw new RegistryError(
      'no_stage',
      'writeResult was called outside any stage: nothing tells where the result belongs',
    );
  }
  assertResultName(name);
  const { fs, layout, directories } = environment;
  const path = join(layout.results(stage.name, itemId, stage.run.runId), ...name.split('/'));
  const bytes = bytesOf(data);
  await directories.within(dirname(path), async () => {
    await replaceFile(fs, path, bytes);
    await fs.syncDirectory(dirname(path));
  });
  return { path, size: bytes.length, sha256: sha256(bytes) };
}
