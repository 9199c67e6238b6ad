import { open } from 'node:fs/promises';

// Readers accept the header anywhere in the first 1024 bytes (ISO 32000-1, Annex H, note 13).
const HEADER = '%PDF-';
const HEADER_WINDOW_BYTES = 1024;

/** Whether the bytes begin like a PDF, wherever in the first 1024 bytes the header stands. */
export function hasPdfHeader(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, HEADER_WINDOW_BYTES)).includes(HEADER, 0, 'latin1');
}

/** The first bytes of a file, enough for {@link hasPdfHeader}. Rejects with the file system's error. */
export async function readHeader(filePath: string): Promise<Uint8Array> {
  const file = await open(filePath, 'r');
  try {
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(HEADER_WINDOW_BYTES),
      0,
      HEADER_WINDOW_BYTES,
      0,
    );
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
