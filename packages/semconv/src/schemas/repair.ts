import { z } from 'zod';

/** Why something counted as lost when it was repaired. */
export const lostEvidenceSchema = z.looseObject({
  host: z.string(),
  boot_id: z.string().optional(),
  pid: z.int(),
  thread_id: z.int(),
  /** In milliseconds since the Unix epoch. */
  process_start: z.number(),
  /** In milliseconds since the Unix epoch. */
  last_heartbeat: z.number(),
  gone_by: z.string(),
  reason: z.string(),
});

/** Who decided, and when, that something without an end has ended. */
export const repairSchema = z.looseObject({
  /** In milliseconds since the Unix epoch. */
  at: z.number(),
  by: z.string(),
  /** Why, in the words of whoever decided. */
  reason: z.string().optional(),
  /** Absent where nobody was known to be gone. */
  lost: lostEvidenceSchema.optional(),
});
/** Who decided, and when, that something without an end has ended. */
export type Repair = z.infer<typeof repairSchema>;
