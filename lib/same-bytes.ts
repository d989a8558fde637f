/** Whether two keys or ids are the same; for what is not secret. Two that are missing are. */
export function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : Buffer.compare(one, other) === 0
}
