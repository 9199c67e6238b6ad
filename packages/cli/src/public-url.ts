/** A URL as a spool keeps it: without user, password, query and fragment, which may be secrets. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
