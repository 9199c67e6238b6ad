import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import path from 'node:path';
import { samplePdfDirectory } from '@milepost/example-documents/sample-pdfs';

/** The web site of a city, on loopback: an index, and the documents of its meetings. */
export interface CitySite {
  /** Of the index. */
  readonly url: string;
  close(): Promise<void>;
}

// The papers and the one-liner of the package pdf-parse stand for the documents: 50 pages in all, 6 of them minutes of 2026.
const DOCUMENTS: ReadonlyMap<string, string> = new Map([
  ['/minutes/2025-11-12.pdf', '02-valid.pdf'],
  ['/minutes/2025-12-10.pdf', '01-valid.pdf'],
  ['/minutes/2026-01-14.pdf', '05-versions-space.pdf'],
  ['/minutes/2026-02-11.pdf', '04-valid.pdf'],
  ['/agendas/2025-11-12.pdf', '04-valid.pdf'],
  ['/agendas/2025-12-10.pdf', '01-valid.pdf'],
  ['/agendas/2026-01-14.pdf', '05-versions-space.pdf'],
  ['/agendas/2026-02-11.pdf', '02-valid.pdf'],
]);
const BROKEN_PDF = '/minutes/2026-03-11.pdf';
const DEAD_LINK = '/minutes/2026-04-08.pdf';

/** @param hasTrouble whether one of its PDFs is truly broken, and one of its links leads nowhere */
export async function openCitySite(hasTrouble: boolean): Promise<CitySite> {
  const documents = new Map([
    ...DOCUMENTS,
    ...(hasTrouble ? [[BROKEN_PDF, '03-invalid.pdf'] as const] : []),
  ]);
  const links = [...documents.keys(), ...(hasTrouble ? [DEAD_LINK] : [])];
  const server = createServer((request, response) => {
    const file = documents.get(request.url ?? '');
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html').end(indexOf(links));
    } else if (file === undefined) {
      response.writeHead(404).end('Not found');
    } else {
      response.setHeader('content-type', 'application/pdf');
      readFile(path.join(samplePdfDirectory(), file)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function indexOf(links: readonly string[]): string {
  const items = links.map((link) => `<li><a href="${link}">${path.basename(link)}</a></li>`);
  return `<!doctype html><title>City Council</title><ul>${items.join('')}</ul>`;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The site has no port.');
  return address.port;
}
