/** What a user's own field may hold. Anything else is written as bounded text and flagged. */
export type FieldValue =
  | string
  | number
  | boolean
  | readonly string[]
  | readonly number[]
  | readonly boolean[];
