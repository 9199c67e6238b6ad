import * as z from 'zod';

// What the program and its worker processes say to one another: JSON over the channel that `fork` makes. Of their work they say
// nothing there: that goes through Redis.

const taskSchema = z.object({
  redis: z.union([z.object({ url: z.string() }), z.object({ path: z.string() })]),
  /** Of all keys in Redis. */
  prefix: z.string(),
  /** Of the registry. */
  root: z.string(),
  /** Whether one of the workers waits to be killed, in the middle of the pages. */
  killOne: z.boolean(),
});

const newsSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  /** It waits to be killed, while it reads this. */
  z.object({ kind: z.literal('waiting'), reading: z.string() }),
]);

/** What a worker process is told. */
export type WorkerTask = z.infer<typeof taskSchema>;
/** What a worker process tells. */
export type WorkerNews = z.infer<typeof newsSchema>;

/** @throws ZodError */
export function parseTask(message: unknown): WorkerTask {
  return taskSchema.parse(message);
}

/** @throws ZodError */
export function parseNews(message: unknown): WorkerNews {
  return newsSchema.parse(message);
}
