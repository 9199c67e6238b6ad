import { type RunFileList, type RunFileOptions, filesOfRun } from './files-of-run.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { type RunDetail } from './run-summary.ts';

/**
 * Lists the files of a run.
 * @throws {RegistryError} `run_not_found`
 */
export async function listRunFiles(
  environment: RegistryEnvironment,
  readRun: (idOrAlias: string) => Promise<RunDetail | undefined>,
  idOrAlias: string,
  options: RunFileOptions,
): Promise<RunFileList> {
  const run = await readRun(idOrAlias);
  if (run !== undefined) return filesOfRun(environment, run, options);
  const message = `no run ${JSON.stringify(idOrAlias.slice(0, 200))} in ${environment.layout.root}`;
  throw new RegistryError('run_not_found', message);
}
