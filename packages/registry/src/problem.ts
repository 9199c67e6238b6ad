/** Something that could not be read or written. It never hides the rest. */
export interface Problem {
  /** Relative to the registry's root where it lies inside, else absolute. */
  readonly path: string;
  readonly message: string;
}
