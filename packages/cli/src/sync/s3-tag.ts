/** The form that HTTP wants of a checksum. */
export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** The MD5 of an object's bytes, which its tag is where it was put at once and is not encrypted with a key of the user's. */
export function md5InTag(facts: {
  readonly ETag?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}): string | undefined {
  if (facts.SSECustomerAlgorithm !== undefined) return undefined;
  if (facts.ServerSideEncryption?.startsWith('aws:kms') === true) return undefined;
  return /^"?([0-9a-f]{32})"?$/.exec(facts.ETag ?? '')?.[1];
}
