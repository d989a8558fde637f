/**
 * A search for secrets in any form in which they could leak.
 *
 * @module
 */

/** The forms of some bytes, by name; base64 without padding, so that padded text contains it too. */
function formsOf(bytes: Uint8Array): Readonly<Record<string, Buffer>> {
  const buffer = Buffer.from(bytes)
  return {
    raw: buffer,
    hex: Buffer.from(buffer.toString('hex')),
    'upper-case hex': Buffer.from(buffer.toString('hex').toUpperCase()),
    base64: Buffer.from(buffer.toString('base64').replace(/=+$/, '')),
    base64url: Buffer.from(buffer.toString('base64url')),
  }
}

/** The secrets that are in these bytes, each by its name and form. */
export function findSecrets(secrets: Readonly<Record<string, Uint8Array>>, haystack: Buffer): string[] {
  return Object.entries(secrets).flatMap(([name, bytes]) =>
    Object.entries(formsOf(bytes))
      .filter(([, form]) => haystack.includes(form))
      .map(([form]) => `${name} as ${form}`),
  )
}
