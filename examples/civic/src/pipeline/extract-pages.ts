import { readFile, writeFile } from 'node:fs/promises';
import { cleanText } from '@milepost/example-documents/clean-text';
import { countEntities, findEntities } from '@milepost/example-documents/find-entities';
import { findVotes } from '@milepost/example-documents/find-votes';
import { type PageFile } from './page-files.ts';

/** What is looked for on a page. */
export type ExtractionType = 'entities' | 'votes';

/** What was found on all pages. */
export interface Extraction {
  readonly pages: number;
  readonly entities: number;
  readonly votes: number;
}

/**
 * Writes what each page names and decides into a file, a line of JSON a page.
 *
 * @param onStep called before something is looked for
 * @throws the file system's error
 */
export async function extractPages(
  pages: readonly PageFile[],
  options: { readonly file: string; readonly extractEntities: boolean },
  onStep: (page: PageFile, type: ExtractionType) => void,
): Promise<Extraction> {
  const lines: string[] = [];
  let [entityCount, voteCount] = [0, 0];
  for (const page of pages) {
    onStep(page, options.extractEntities ? 'entities' : 'votes');
    const text = cleanText(await readFile(page.file, 'utf8'));
    const entities = options.extractEntities ? findEntities(text) : undefined;
    onStep(page, 'votes');
    const votes = findVotes(text);
    if (entities !== undefined) entityCount += countEntities(entities);
    voteCount += votes.length;
    lines.push(JSON.stringify({ document: page.document, page: page.page, entities, votes }));
  }
  await writeFile(options.file, lines.map((line) => `${line}\n`).join(''));
  return { pages: pages.length, entities: entityCount, votes: voteCount };
}
