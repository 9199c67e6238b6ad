import { z } from 'zod';

/**
 * The items of a step or of an upload, under the key `items`, `source_items` or `citekeys`.
 * An upload has `uploaded` and `skipped`, a step has `successful` and `failed`.
 */
export const itemCollectionSchema = z.looseObject({
  total: z.number().optional(),
  successful: z.number().optional(),
  failed: z.number().optional(),
  uploaded: z.number().optional(),
  skipped: z.number().optional(),
  list: z.array(z.string()).optional(),
});
/** The items of a step or of an upload. */
export type ItemCollection = z.infer<typeof itemCollectionSchema>;

/** The item collection as Milepost writes it for a step. */
export const writtenItemCollectionSchema = z.strictObject({
  total: z.int().nonnegative(),
  successful: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  /** Present where items were cancelled. */
  cancelled: z.int().positive().optional(),
  /** Present where items were skipped. */
  skipped: z.int().positive().optional(),
  /** IDs as the user gave them, in the order in which they were first seen. Empty where only their number is known. */
  list: z.array(z.string()),
});
/** The item collection as Milepost writes it for a step. */
export type WrittenItemCollection = z.infer<typeof writtenItemCollectionSchema>;

/** The keys under which an item collection is found, in the order in which readers look. */
export const ITEMS_KEY_VALUES = ['items', 'source_items', 'citekeys'] as const;
/** The keys under which Milepost writes an item collection. */
export const WRITTEN_ITEMS_KEY_VALUES = ['items', 'citekeys'] as const;
/** The key under which Milepost writes an item collection. */
export type WrittenItemsKey = (typeof WRITTEN_ITEMS_KEY_VALUES)[number];

/** One item that failed in a step. */
export const itemFailureSchema = z.looseObject({
  id: z.string(),
  error_type: z.string().optional(),
  error_message: z.string().optional(),
});
/** One item that failed in a step. */
export type ItemFailure = z.infer<typeof itemFailureSchema>;
