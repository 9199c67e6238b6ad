/** An error as records tell it. */
export interface ErrorDescription {
  /** Class name or code. */
  readonly type: string;
  readonly message: string;
  /** One of `ERROR_CATEGORY_VALUES`, or the user's own. */
  readonly category: string;
  /** Stack with its causes, bounded; undefined where there is none. */
  readonly stack: string | undefined;
}
