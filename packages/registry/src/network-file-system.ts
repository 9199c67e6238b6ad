/** File systems of other machines, by the magic number that Linux gives them. */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  // sshfs, s3fs and others.
  [0x65735546, 'FUSE'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x5346414f, 'AFS'],
]);

/**
 * The name of a file system whose files lie on another machine; undefined for all others, and where the system is not Linux.
 * @param type as `statfs` of Node gives it (statfs(2))
 */
export function networkFileSystemOf(type: number): string | undefined {
  // The kernel's signed numbers come as they are.
  return process.platform === 'linux' ? NETWORK_FILE_SYSTEMS.get(type >>> 0) : undefined;
}
