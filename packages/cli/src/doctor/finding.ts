/** What `milepost doctor` looks at, in the order in which it tells of it. */
export const CHECKS = [
  'node',
  'packages',
  'collector',
  'clock',
  'sampling',
  'registry',
  'spool',
  'program',
] as const;

/** One of the things that are looked at. */
export type CheckName = (typeof CHECKS)[number];

/** What a look at one thing gave. */
export interface DoctorFinding {
  readonly check: CheckName;
  /** `error` where something is wrong, `note` for what may be meant so or cannot be told, `ok` else. */
  readonly severity: 'ok' | 'note' | 'error';
  /** What is so. */
  readonly message: string;
  /** What to do about it; nothing where all is well. */
  readonly todo?: string;
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All is well. */
export function fine(check: CheckName, message: string): DoctorFinding {
  return { check, severity: 'ok', message };
}

/** May be meant so, or cannot be told. */
export function noteworthy(check: CheckName, message: string, todo: string): DoctorFinding {
  return { check, severity: 'note', message, todo };
}

/** Something is wrong. */
export function wrong(check: CheckName, message: string, todo: string): DoctorFinding {
  return { check, severity: 'error', message, todo };
}
