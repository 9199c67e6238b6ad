import { get } from './http-error.ts';

/** What a document is: also the name of its table. */
export const DOCUMENT_KINDS = ['minutes', 'agendas'] as const;
/** What a document is. */
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** A document as the index of a site names it. */
export interface ListedDocument {
  /** Names it in every later stage: `minutes-2026-02-11`. */
  readonly id: string;
  readonly kind: DocumentKind;
  readonly url: string;
}

/** Which documents are wanted. */
export interface Selection {
  /** Or those of the newest year alone. */
  readonly allYears: boolean;
  /** Or minutes alone. */
  readonly allAgendas: boolean;
}

const LINK = /href="(?<path>\/(?<kind>minutes|agendas)\/(?<date>(?<year>\d{4})-\d\d-\d\d)\.pdf)"/g;

/**
 * Reads the index of a site.
 *
 * @throws HttpError
 */
export async function scrapeSite(
  site: string,
  { allYears, allAgendas }: Selection,
): Promise<readonly ListedDocument[]> {
  const html = new TextDecoder().decode(await get(site));
  const listed = [...html.matchAll(LINK)].flatMap(({ groups }) => {
    const kind = DOCUMENT_KINDS.find((name) => name === groups?.['kind']);
    if (groups === undefined || kind === undefined) return [];
    const { path = '', date, year = '' } = groups;
    return [{ id: `${kind}-${date}`, kind, url: new URL(path, site).href, year }];
  });
  const newest = listed
    .map(({ year }) => year)
    .toSorted()
    .at(-1);
  return listed
    .filter(({ kind, year }) => (allYears || year === newest) && (allAgendas || kind === 'minutes'))
    .map(({ id, kind, url }) => ({ id, kind, url }));
}
