/** What a job carries as its envelope, unread: an object, or undefined for what is none. Whoever reads envelopes reports it. */
export function parsedEnvelope(carried: unknown): object | undefined {
  try {
    const envelope: unknown = typeof carried === 'string' ? JSON.parse(carried) : carried;
    return typeof envelope === 'object' && envelope !== null ? envelope : undefined;
  } catch {
    // Rubbish: the job runs in a run of its own.
    return undefined;
  }
}
