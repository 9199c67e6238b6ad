import { z } from 'zod';
import { END_STATUS_VALUES } from '../status.ts';
import { errorRecordSchema } from './error-record.ts';
import { json } from './record-parts.ts';

/** How an execution of a stage, or a try of a queue's job, ended, and what it said of itself. */
export const workEnd = {
  status: z.enum(END_STATUS_VALUES),
  will_retry: z.literal(true).optional(),
  duration_seconds: z.number(),
  error: errorRecordSchema.optional(),
  reason: z.string().optional(),
  counts: z.record(z.string(), z.number()).optional(),
  fields: json.optional(),
  config: json.optional(),
  metadata: json.optional(),
  items: z
    .looseObject({ total: z.number(), successful: z.number(), failed: z.number() })
    .optional(),
};
