import * as z from 'zod';
import { type ReadDocument } from './pipeline/ocr-document.ts';

// What the parent and its worker processes say to one another: JSON over the channel that `fork` makes.

const pdfSchema = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  path: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
});

const taskSchema = z.object({
  root: z.string(),
  subdomain: z.string(),
  pages: z.number(),
  /** Pages to recognise at a time. */
  workers: z.number(),
  pdfs: z.array(pdfSchema),
  /** The document at which the worker waits to be killed. */
  waitsAt: z.string().optional(),
});

const pageSchema = z.object({
  page: z.number(),
  text: z.string(),
  ocr: z
    .object({ text: z.string(), confidence: z.number(), durationSeconds: z.number() })
    .optional(),
});

const documentSchema = z.object({
  id: z.string(),
  name: z.string(),
  sha256: z.string(),
  pages: z.array(pageSchema),
  headline: z.string().optional(),
  metadataTitle: z.string().optional(),
});

const newsSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reading'), id: z.string() }),
  /** Without a document, it failed: the record tells why. */
  z.object({ kind: z.literal('finished'), id: z.string(), document: documentSchema.optional() }),
  z.object({ kind: z.literal('done') }),
]);

/** What a worker process is to do. */
export type WorkerTask = z.infer<typeof taskSchema>;
/** What a worker process tells. */
export type WorkerNews =
  | { readonly kind: 'reading'; readonly id: string }
  | {
      readonly kind: 'finished';
      readonly id: string;
      readonly document: ReadDocument | undefined;
    }
  | { readonly kind: 'done' };

/** @throws ZodError */
export function parseTask(message: unknown): WorkerTask {
  return taskSchema.parse(message);
}

/** @throws ZodError */
export function parseNews(message: unknown): WorkerNews {
  const news = newsSchema.parse(message);
  if (news.kind !== 'finished') return news;
  const { id, document } = news;
  return { kind: 'finished', id, document: document && withAllKeys(document) };
}

/** What JSON leaves out is undefined. */
function withAllKeys(document: z.infer<typeof documentSchema>): ReadDocument {
  const { id, name, sha256, pages, headline, metadataTitle } = document;
  const read = pages.map(({ page, text, ocr }) => ({ page, text, ocr }));
  return { id, name, sha256, pages: read, headline, metadataTitle };
}
