import { type CompiledDocument } from './compile-document.ts';
import { type DocumentFields, documentFieldsSchema, type Entities } from './document-fields.ts';
import { findEntities } from './find-entities.ts';
import { findVotes } from './find-votes.ts';

export type ExtractionType = 'entities' | 'votes';

export interface ExtractOptions {
  /** Whether to look for years, addresses and DOIs. Default: true. */
  readonly extractEntities?: boolean;
  /** Called before each kind of thing is looked for. */
  readonly onType?: (type: ExtractionType) => void;
}

const NO_ENTITIES: Entities = { years: [], emails: [], urls: [], dois: [] };
const MAX_TITLE_LENGTH = 300;

/**
 * Extracts what is known of a document from its text.
 *
 * @throws ZodError when the result does not have the shape of `documentFieldsSchema`.
 */
export function extractFields(
  document: CompiledDocument,
  options: ExtractOptions = {},
): DocumentFields {
  const { extractEntities = true, onType } = options;
  if (extractEntities) onType?.('entities');
  const entities = extractEntities ? findEntities(document.text) : NO_ENTITIES;
  onType?.('votes');
  const votes = findVotes(document.text);
  return documentFieldsSchema.parse({
    id: document.id,
    name: document.name,
    sha256: document.sha256,
    ...findTitle(document),
    pageCount: document.pages.length,
    wordCount: document.wordCount,
    entities,
    votes,
  });
}

// Metadata come after the headline: they often hold the file name of the typesetter.
function findTitle({
  headline,
  metadataTitle,
  text,
}: CompiledDocument): Pick<DocumentFields, 'title' | 'titleSource'> {
  const firstLine = text.split('\n').find((line) => line.trim() !== '');
  const candidates = [
    { title: headline, titleSource: 'headline' },
    { title: metadataTitle, titleSource: 'metadata' },
    { title: firstLine, titleSource: 'first_line' },
  ] as const;
  for (const { title, titleSource } of candidates) {
    if (title !== undefined) return { title: title.trim().slice(0, MAX_TITLE_LENGTH), titleSource };
  }
  return { title: null, titleSource: null };
}
