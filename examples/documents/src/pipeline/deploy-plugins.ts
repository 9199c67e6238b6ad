import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type CompiledDocument } from './compile-document.ts';
import { type DocumentFields } from './document-fields.ts';

/** What is deployed. */
export interface Site {
  readonly documents: readonly SiteDocument[];
  /** The table of all pages. */
  readonly databasePath: string;
}

export interface SiteDocument {
  readonly compiled: CompiledDocument;
  readonly fields: DocumentFields;
}

/** Writes one part of a site into an empty release. */
export interface DeployPlugin {
  readonly name: string;
  write(site: Site, release: string): Promise<void>;
}

const documentTexts: DeployPlugin = {
  name: 'document-texts',
  async write({ documents }, release) {
    for (const { compiled } of documents) {
      await writeInto(
        path.join(release, 'documents', compiled.id),
        'text.txt',
        `${compiled.text}\n`,
      );
    }
  },
};

const documentFields: DeployPlugin = {
  name: 'document-fields',
  async write({ documents }, release) {
    for (const { fields } of documents) {
      await writeInto(path.join(release, 'documents', fields.id), 'fields.json', json(fields));
    }
  },
};

const database: DeployPlugin = {
  name: 'database',
  async write({ databasePath }, release) {
    await copyFile(databasePath, path.join(release, path.basename(databasePath)));
  },
};

const index: DeployPlugin = {
  name: 'index',
  async write({ documents }, release) {
    const list = documents.map(({ fields: { id, title, pageCount } }) => ({
      id,
      title,
      pageCount,
    }));
    await writeInto(release, 'index.json', json(list));
  },
};

/** The parts of a site, in the order in which they are written. */
export const deployPlugins: readonly DeployPlugin[] = [
  documentTexts,
  documentFields,
  database,
  index,
];

async function writeInto(directory: string, name: string, content: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, name), content, { flush: true });
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
