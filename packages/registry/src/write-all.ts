import { type RegistryFile } from './file-system.ts';
import { RegistryError } from './registry-error.ts';

/** Writes all bytes, however few the system takes at a time. */
export async function writeAll(file: RegistryFile, data: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < data.length) {
    const { bytesWritten } = await file.write(data, offset, data.length - offset);
    if (bytesWritten <= 0) {
      throw new RegistryError('write_failed', `wrote ${offset} of ${data.length} bytes`);
    }
    offset += bytesWritten;
  }
}
