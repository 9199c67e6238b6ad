import { z } from 'zod';

/** An error as files and journal tell it. */
export const errorRecordSchema = z.looseObject({
  error_type: z.string(),
  error_message: z.string(),
  error_category: z.string(),
  /** Stack with its causes, bounded. */
  stack: z.string().optional(),
});
/** An error as files and journal tell it. */
export type ErrorRecord = z.infer<typeof errorRecordSchema>;
