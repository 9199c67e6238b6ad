/** A web server did not give what was asked for. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code = 'http_error';
  readonly url: string;
  /** Undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(url: string, status: number | undefined, options?: ErrorOptions) {
    super(status === undefined ? `${url} did not answer.` : `${url} answered ${status}.`, options);
    this.url = url;
    this.status = status;
  }
}

/**
 * What a web server gives for a URL.
 *
 * @throws HttpError
 */
export async function get(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new HttpError(url, undefined, { cause });
  }
  if (!response.ok) throw new HttpError(url, response.status);
  return new Uint8Array(await response.arrayBuffer());
}
