import { type PipelineOptions } from './pipeline-options.ts';
import { type CompiledDocument } from './pipeline/compile-document.ts';
import { type DocumentFields } from './pipeline/document-fields.ts';
import { type ReadDocument } from './pipeline/ocr-document.ts';

type WriteResult = PipelineOptions['writeResult'];

/** A compiled document, and where its text was kept. */
export interface CompiledText {
  readonly id: string;
  readonly compiled: CompiledDocument;
  readonly file: string;
}

/** Keeps each page of a document as JSON. */
export async function keepPages(document: ReadDocument, writeResult: WriteResult): Promise<void> {
  for (const page of document.pages) {
    const name = `page_${String(page.page).padStart(4, '0')}.json`;
    await writeResult(document.id, name, JSON.stringify(page));
  }
}

/** Keeps the text of a document. */
export async function keepText(
  compiled: CompiledDocument,
  writeResult: WriteResult,
): Promise<CompiledText> {
  const { path } = await writeResult(compiled.id, 'text.txt', compiled.text);
  return { id: compiled.id, compiled, file: path };
}

/** Keeps what was extracted from a document. */
export async function keepFields(fields: DocumentFields, writeResult: WriteResult): Promise<void> {
  await writeResult(fields.id, 'fields.json', JSON.stringify(fields));
}
