/** A URL without what may be a secret: user, password, query, fragment. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
