/**
 * Every X25519 public key of low order: the points of order 1, 2, 4 and 8 on the curve and its twist, each in all the
 * 32-byte encodings that an implementation reads as that point (RFC 7748, section 5: the top bit is ignored, and values
 * from 2^255-19 up are reduced). The list without the top bits is that of https://cr.yp.to/ecdh.html#validate.
 *
 * @module
 */

/** p = 2^255 - 19. */
const P = 2n ** 255n - 19n

/** The two u-coordinates of the points of order 8. */
const ORDER_8 = [
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]

/** u-coordinates, 0 (order 2, and the neutral element), 1 and -1 (order 4), order 8; then 0 and 1 again, unreduced. */
const COORDINATES = [0n, 1n, ...ORDER_8, P - 1n, P, P + 1n]

const TOP_BIT = 2n ** 255n

/** The public keys of low order: 14 encodings. */
export const LOW_ORDER_KEYS: readonly Uint8Array[] = COORDINATES.flatMap((u) => [encode(u), encode(u + TOP_BIT)])

function encode(u: bigint): Uint8Array {
  return Buffer.from(u.toString(16).padStart(64, '0'), 'hex').reverse()
}
