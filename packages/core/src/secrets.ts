/** What stands in place of a secret. */
export const REDACTED = '[redacted]';

const SECRET_WORDS =
  /pass(?:word|wd|phrase)|secret|(?:^|[_.-])(?:token|auth|pwd|cookie)s?$|api[_.-]?key|access[_.-]?key|private[_.-]?key|authorization|credential|set[_.-]cookie|session[_.-]?id|bearer|(?:access|refresh|id|auth|api|session|csrf|bearer)[_.-]?token|connection[_.-]?string/i;
const CAMEL_WORD = /([a-z0-9])([A-Z])/g;

const known = new Map<string, boolean>();
const MAX_KNOWN = 2000;

/** Whether a key of that name looks as if it held a secret: `password`, `apiKey`, `x-auth-token`, not `token_count`. */
export function isSecretKey(key: string): boolean {
  let secret = known.get(key);
  if (secret === undefined) {
    secret = SECRET_WORDS.test(key.replace(CAMEL_WORD, '$1_$2'));
    if (known.size < MAX_KNOWN) known.set(key, secret);
  }
  return secret;
}
