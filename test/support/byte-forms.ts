/**
 * The forms in which bytes may turn up where they should not.
 *
 * @module
 */

/** Raw, hexadecimal, base64 and base64url, by name; without padding, so that padded text contains them too. */
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

/** Which of the secrets, each with its name, are in these bytes in one form or another. */
export function findSecrets(secrets: Readonly<Record<string, Uint8Array>>, haystack: Buffer): string[] {
  return Object.entries(secrets).flatMap(([name, bytes]) =>
    Object.entries(formsOf(bytes))
      .filter(([, form]) => haystack.includes(form))
      .map(([form]) => `${name} as ${form}`),
  )
}
