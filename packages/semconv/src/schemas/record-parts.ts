import { z } from 'zod';

/** JSON of the user's: passed on untouched, whatever its keys are called. */
export const json: z.ZodType<Record<string, unknown>> = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);
/** What was changed or doubted. */
export const flags = z.array(z.string()).optional();
/** What counts from 1 on. */
export const positive = z.int().positive();

/** What every record has: when it happened, in milliseconds since the Unix epoch (fractions order what shares one). */
export const base = { time: z.number() };
