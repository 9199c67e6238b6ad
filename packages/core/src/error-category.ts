import {
  ERROR_CATEGORY_VALUE_IO,
  ERROR_CATEGORY_VALUE_NETWORK,
  ERROR_CATEGORY_VALUE_PERMISSION,
  ERROR_CATEGORY_VALUE_PROGRAM,
  ERROR_CATEGORY_VALUE_RESOURCE,
  ERROR_CATEGORY_VALUE_TIMEOUT,
  ERROR_CATEGORY_VALUE_VALIDATION,
} from '@milepost/semconv';

// Codes of Node's system errors (https://nodejs.org/api/errors.html#common-system-errors), of c-ares and of undici.
const CODES: Readonly<Record<string, string>> = {
  [ERROR_CATEGORY_VALUE_NETWORK]:
    'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTFOUND EAI_AGAIN EAI_FAIL EHOSTUNREACH EHOSTDOWN ENETUNREACH ' +
    'ENETDOWN EADDRNOTAVAIL EADDRINUSE EPROTO UND_ERR_SOCKET UND_ERR_CLOSED ERR_TLS_CERT_ALTNAME_INVALID',
  [ERROR_CATEGORY_VALUE_TIMEOUT]:
    'ETIMEDOUT ESOCKETTIMEDOUT ETIMEOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT',
  [ERROR_CATEGORY_VALUE_IO]:
    'ENOENT EEXIST EISDIR ENOTDIR ENOTEMPTY EIO EBUSY EXDEV EROFS ENAMETOOLONG ELOOP EBADF ENXIO ENODEV',
  [ERROR_CATEGORY_VALUE_PERMISSION]: 'EACCES EPERM',
  [ERROR_CATEGORY_VALUE_RESOURCE]: 'ENOSPC EDQUOT EMFILE ENFILE ENOMEM EFBIG ERR_OUT_OF_MEMORY',
};
const BY_CODE: ReadonlyMap<string, string> = new Map(
  Object.entries(CODES).flatMap(([category, codes]) =>
    codes.split(' ').map((code): [string, string] => [code, category]),
  ),
);

const BY_NAME: ReadonlyMap<string, string> = new Map([
  ['TimeoutError', ERROR_CATEGORY_VALUE_TIMEOUT],
  ['ConnectTimeoutError', ERROR_CATEGORY_VALUE_TIMEOUT],
  ['NetworkError', ERROR_CATEGORY_VALUE_NETWORK],
  ['FetchError', ERROR_CATEGORY_VALUE_NETWORK],
  ['ZodError', ERROR_CATEGORY_VALUE_VALIDATION],
  ['ValidationError', ERROR_CATEGORY_VALUE_VALIDATION],
  ['ValiError', ERROR_CATEGORY_VALUE_VALIDATION],
  ['SyntaxError', ERROR_CATEGORY_VALUE_VALIDATION],
  ['NotAllowedError', ERROR_CATEGORY_VALUE_PERMISSION],
  ['QuotaExceededError', ERROR_CATEGORY_VALUE_RESOURCE],
  ['TypeError', ERROR_CATEGORY_VALUE_PROGRAM],
  ['ReferenceError', ERROR_CATEGORY_VALUE_PROGRAM],
  ['RangeError', ERROR_CATEGORY_VALUE_PROGRAM],
  ['AssertionError', ERROR_CATEGORY_VALUE_PROGRAM],
]);

/** The category of an error with that code and class name, if they tell one. */
export function categoryOf(code: string | undefined, name: string | undefined): string | undefined {
  return (
    (code === undefined ? undefined : BY_CODE.get(code)) ??
    (name === undefined ? undefined : BY_NAME.get(name))
  );
}
