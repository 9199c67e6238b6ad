import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { getStringFromEnv } from '@opentelemetry/core';
import { defaultSpoolDirectory } from '@milepost/delivery';
import { type TelemetryOptions } from './telemetry-options.ts';

/**
 * Where requests wait on disk: where the option says, else where `MILEPOST_SPOOL` does, else in the registry, else where the
 * platform keeps what programs keep for a user.
 * @returns an absolute path; undefined where nothing is to wait on disk
 */
export function spoolPlace({
  spool,
  registry,
}: Pick<TelemetryOptions, 'spool' | 'registry'>): string | undefined {
  if (spool === false) return undefined;
  if (spool !== undefined) return resolve(spool);
  const named = getStringFromEnv('MILEPOST_SPOOL')?.trim();
  if (named === 'off') return undefined;
  if (named !== undefined && named !== '') return resolve(named);
  if (registry !== undefined) return join(registry.root, '.milepost', 'spool');
  return defaultSpoolDirectory(process.env, process.platform, homedir());
}
