/** What the smallest file takes on most disks; directories count as one. */
export const BLOCK_BYTES = 4096;

/** What a file of so many bytes takes on the disk. */
export function blockBytes(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}
