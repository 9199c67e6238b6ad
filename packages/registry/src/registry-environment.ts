import { diag } from '@opentelemetry/api';
import { type WrittenItemsKey } from '@milepost/semconv/schemas';
import { type RegistryClock } from './clock.ts';
import { type Directories } from './directories.ts';
import { type RegistryFileSystem } from './file-system.ts';
import { type Layout } from './layout.ts';
import { messageOf } from './node-error.ts';
import { type Problem } from './problem.ts';

/** What every part of one open registry shares. */
export interface RegistryEnvironment {
  readonly fs: RegistryFileSystem;
  readonly clock: RegistryClock;
  readonly layout: Layout;
  readonly directories: Directories;
  readonly itemsKey: WrittenItemsKey;
  /** Most bytes of records that wait for the disk, of all runs together. */
  readonly maxPendingBytes: number;
}

/** The problem that an error with a path is. */
export function problemOf(
  environment: Pick<RegistryEnvironment, 'layout'>,
  path: string,
  error: unknown,
): Problem {
  return { path: environment.layout.recorded(path), message: messageOf(error) };
}

/** Tells a problem to whoever listens to OpenTelemetry's diagnostics. */
export function reportProblem(problem: Problem): void {
  diag.warn(`milepost: registry: ${problem.path}: ${problem.message}`);
}
