/** What the environment tells about the run that a process belongs to. Read when it is needed, never kept. */
export interface RunEnvironment {
  /** `MILEPOST_RUN`: the envelope of the parent process's run, JSON. */
  readonly envelope: string | undefined;
  /** `MILEPOST_RUN_ID`: ID of the run that begins here. */
  readonly runId: string | undefined;
}

/** Name of the environment variable with the envelope. */
export const ENVIRONMENT_ENVELOPE = 'MILEPOST_RUN';
/** Name of the environment variable with the ID of the run that begins. */
const ENVIRONMENT_RUN_ID = 'MILEPOST_RUN_ID';

/** Reads the environment of this process. */
export function runEnvironment(): RunEnvironment {
  return {
    envelope: process.env[ENVIRONMENT_ENVELOPE] || undefined,
    runId: process.env[ENVIRONMENT_RUN_ID] || undefined,
  };
}
