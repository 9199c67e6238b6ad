import * as z from 'zod';

/** The form of a DOI that the resolver accepts. */
export const doiSchema = z.string().regex(/^10\.\d{4,9}\/\S+$/);
export const emailSchema = z.email();
export const urlSchema = z.url({ protocol: /^https?$/ });

const voteSchema = z.object({
  outcome: z.enum(['carried', 'failed']),
  /** Null where the text only says "unanimously". */
  ayes: z.int().nonnegative().nullable(),
  noes: z.int().nonnegative().nullable(),
  /** As it stands in the document. */
  text: z.string().min(1).max(200),
});

const sorted = (list: readonly (string | number)[]): boolean =>
  list.every((value, index) => index === 0 || (list[index - 1] ?? value) < value);

/** What is known of a document after extraction. Lists are sorted and hold each value once. */
export const documentFieldsSchema = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  title: z.string().min(1).max(300).nullable(),
  titleSource: z.enum(['headline', 'metadata', 'first_line']).nullable(),
  pageCount: z.int().positive(),
  wordCount: z.int().nonnegative(),
  entities: z.object({
    years: z.array(z.int().min(1900).max(2099)).refine(sorted),
    emails: z.array(emailSchema).refine(sorted),
    urls: z.array(urlSchema).refine(sorted),
    dois: z.array(doiSchema).refine(sorted),
  }),
  votes: z.array(voteSchema),
});

export type DocumentFields = z.infer<typeof documentFieldsSchema>;
export type Entities = DocumentFields['entities'];
export type Vote = z.infer<typeof voteSchema>;
