/** What Node calls a connection that is being made, and the search for its address. */
const CONNECTING: ReadonlySet<string> = new Set(['ConnectWrap', 'GetAddrInfoReqWrap']);
/** What Node calls stdout and stderr, which keep nothing alive though they are in the list. */
const STDIO: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap']);

/**
 * Whether connections that are being made are all that keeps this process alive. It may be wrong for a process that
 * does nothing but wait for its stdin, for its parent, or for the thread pool (compression, cryptography).
 */
export function isOnlyConnecting(): boolean {
  return process
    .getActiveResourcesInfo()
    .every((resource) => CONNECTING.has(resource) || STDIO.has(resource));
}
