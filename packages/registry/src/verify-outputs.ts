import { isAbsolute, join, sep } from 'node:path';
import { type FileDigest, digestFile } from './file-digest.ts';
import { type ChecksumHistory } from './find-checksum.ts';
import { type Finding, finding } from './finding.ts';
import { normalChecksum } from './index-keys.ts';
import { type LoadedRun } from './load-run.ts';
import { codeOf, messageOf } from './node-error.ts';
import { type RecordOf, later } from './record-order.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError, isRegistryError } from './registry-error.ts';

type OutputRecord = RecordOf<'output_recorded'>;

/** What became of a file. */
export type FileNow =
  | ({ readonly is: 'there' } & FileDigest)
  | { readonly is: 'missing' }
  | { readonly is: 'outside'; readonly message: string }
  | { readonly is: 'unreadable'; readonly message: string };

/** Looks at files that records name, each once. What lies outside the root is only looked at where its record says so. */
export class NamedFiles {
  readonly #environment: RegistryEnvironment;
  readonly #looks = new Map<string, Promise<FileNow>>();
  files = 0;
  bytes = 0;

  constructor(environment: RegistryEnvironment) {
    this.#environment = environment;
  }

  /** @param path as records have it */
  look(path: string): Promise<FileNow> {
    const known = this.#looks.get(path);
    if (known !== undefined) return known;
    const look = this.#look(path);
    this.#looks.set(path, look);
    return look;
  }

  async #look(path: string): Promise<FileNow> {
    const { fs } = this.#environment;
    try {
      const real = await this.#realPath(path);
      const facts = await fs.lstat(real);
      if (!facts.isFile()) return { is: 'unreadable', message: 'it is no file any more' };
      const digest = await digestFile(fs, real);
      this.files += 1;
      this.bytes += digest.size;
      return { is: 'there', ...digest };
    } catch (error) {
      if (isRegistryError(error)) return { is: 'outside', message: error.message };
      const code = codeOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { is: 'missing' };
      return { is: 'unreadable', message: messageOf(error) };
    }
  }

  async #realPath(path: string): Promise<string> {
    const { fs, layout } = this.#environment;
    if (path.includes('\0')) throw new RegistryError('outside_root', 'it is no path');
    if (isAbsolute(path)) return fs.realpath(path);
    const inside = join(layout.root, path);
    if (!inside.startsWith(layout.root + sep)) {
      throw new RegistryError('outside_root', 'its name leads out of the root: it was not read');
    }
    const real = await fs.realpath(inside);
    if (real.startsWith((await fs.realpath(layout.root)) + sep)) return real;
    throw new RegistryError('outside_root', 'a link leads out of the root: it was not read');
  }
}

/** How a file differs from what was recorded of it; undefined where it does not. */
export function differenceFrom(
  recorded: { readonly size?: number | undefined; readonly sha256?: string | undefined },
  now: FileDigest,
): string | undefined {
  const { size, sha256 } = recorded;
  if (size !== undefined && size !== now.size) return `${now.size} bytes, recorded were ${size}`;
  if (sha256 === undefined || normalChecksum(sha256) === now.sha256) return undefined;
  return `SHA-256 ${now.sha256}, recorded was ${sha256}`;
}

/** The last record of each path of a run. A file that was not there then says nothing now. */
function lastOutputs({ state }: LoadedRun): readonly OutputRecord[] {
  const last = new Map<string, OutputRecord>();
  for (const output of state.outputs.values()) {
    last.set(output.path, later(last.get(output.path), output));
  }
  return [...last.values()].filter(({ missing }) => missing !== true);
}

/** Looks whether the outputs of a run are what was recorded of them. */
export async function verifyOutputs(
  files: NamedFiles,
  run: LoadedRun,
  findChecksum: (sha256: string) => Promise<ChecksumHistory>,
): Promise<readonly Finding[]> {
  const { runId } = run;
  const findings: Finding[] = [];
  for (const output of lastOutputs(run)) {
    const { path, time } = output;
    const now = await files.look(path);
    const made = output.stage === undefined ? 'output' : `output of ${output.stage}`;
    if (now.is === 'missing') {
      findings.push(finding('output_missing', path, runId, `${made}: it is not there any more`));
    } else if (now.is === 'outside') {
      findings.push(finding('outside_root', path, runId, `${made}: ${now.message}`));
    } else if (now.is === 'unreadable') {
      findings.push(finding('unreadable', path, runId, `${made}: ${now.message}`));
    } else {
      const difference = differenceFrom(output, now);
      if (difference === undefined) continue;
      const { sightings } = await findChecksum(now.sha256);
      const next = sightings.find(
        (other) => other.role === 'output' && other.path === path && other.time > time,
      );
      findings.push(
        next === undefined
          ? finding('output_changed', path, runId, `${made}: it has ${difference}`)
          : finding(
              'output_superseded',
              path,
              runId,
              `${made}: run ${next.jobId} wrote it anew since`,
            ),
      );
    }
  }
  return findings;
}
