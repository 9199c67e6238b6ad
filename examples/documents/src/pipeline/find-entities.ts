import { doiSchema, emailSchema, type Entities, urlSchema } from './document-fields.ts';

// Quantifiers are bounded: these run over whatever a PDF holds.
const YEAR = /(?<![\d.,/-])(?:19|20)\d{2}(?![\d/]|[.,]\d)/g;
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;
const URL_LIKE = /\bhttps?:\/\/[^\s<>"'(){}[\]]{1,2000}/gi;
const DOI = /\b10\.\d{4,9}\/[^\s"<>]{1,200}/g;

/** Finds the years, e-mail addresses, web addresses and DOIs of a text; what only looks like one is left out. */
export function findEntities(text: string): Entities {
  const found = (pattern: RegExp): readonly string[] =>
    (text.match(pattern) ?? []).map(withoutPunctuation);
  return {
    years: distinct(found(YEAR).map(Number)),
    emails: distinct(found(EMAIL).filter((value) => emailSchema.safeParse(value).success)),
    urls: distinct(found(URL_LIKE).filter((value) => urlSchema.safeParse(value).success)),
    dois: distinct(found(DOI).filter((value) => doiSchema.safeParse(value).success)),
  };
}

/** How many there are, of all kinds. */
export function countEntities({ years, emails, urls, dois }: Entities): number {
  return years.length + emails.length + urls.length + dois.length;
}

// The end of a sentence, which is not part of the address in it.
function withoutPunctuation(value: string): string {
  return value.replace(/[.,;:!?)\]]{1,8}$/, '');
}

function distinct<T extends string | number>(values: readonly T[]): T[] {
  return [...new Set(values)].toSorted((a, b) => (a < b ? -1 : 1));
}
