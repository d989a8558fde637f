/** Bytes as the key of a Map or a Set, which tells two arrays apart though they hold the same. */
export function mapKeyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
