/**
 * A URL without what may be a secret: user, password, query, fragment.
 * @returns empty for what is no URL
 */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { protocol, host, pathname } = new URL(url);
  if (host !== '') return `${protocol}//${host}${pathname}`;
  // Such as `localhost:4318`, whose scheme is "localhost:", or `ann:secret@localhost:4318`.
  return pathname.includes('@') ? pathname.replace(/^.*@/, '') : `${protocol}${pathname}`;
}
