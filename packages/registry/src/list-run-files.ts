import { type RunFileList, filesOfRun } from './files-of-run.ts';
import { type RegistryEnvironment } from './registry-environment.ts';
import { RegistryError } from './registry-error.ts';
import { type RunDetail } from './run-summary.ts';

/** Which files of a run are listed. */
export interface RunFileOptions {
  /** Results and outputs of that stage alone; the record of the run is always whole. Default: of all stages. */
  readonly stage?: string;
}

/**
 * Lists the files of a run.
 * @throws {RegistryError} `run_not_found`
 */
export async function listRunFiles(
  environment: RegistryEnvironment,
  readRun: (idOrAlias: string) => Promise<RunDetail | undefined>,
  idOrAlias: string,
  { stage }: RunFileOptions,
): Promise<RunFileList> {
  const run = await readRun(idOrAlias);
  if (run !== undefined) return filesOfRun(environment, run, stage);
  const message = `no run ${JSON.stringify(idOrAlias.slice(0, 200))} in ${environment.layout.root}`;
  throw new RegistryError('run_not_found', message);
}
