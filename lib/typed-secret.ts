/**
 * Passwords and passphrases: what people type, and type again on another keyboard.
 *
 * @module
 */
import { Secret } from './secret.ts'

/** The fewest characters that a new one may have: NIST SP 800-63B, section 3.1.1.2, asks for 8 at least. */
export const MIN_TYPED_CHARACTERS = 8

/**
 * Bring a typed secret to the one form in which it is hashed, as OpaqueString does (RFC 8265, section 4.2.2): every space
 * is U+0020, and the whole is in Unicode's normalization form C. Keyboards and systems compose the same letters
 * differently, and no person can see or change that.
 *
 * @param secret - UTF-8.
 * @returns UTF-8.
 */
export function prepareTypedSecret(secret: Secret): Secret {
  return Secret.of(
    Buffer.from(
      textOf(secret)
        .replaceAll(/\p{Zs}/gu, ' ')
        .normalize('NFC'),
      'utf8',
    ),
  )
}

/** How many characters a typed secret has, once it is prepared: code points, since people count letters and not bytes. */
export function countTypedCharacters(secret: Secret): number {
  return [...textOf(prepareTypedSecret(secret))].length
}

function textOf(secret: Secret): string {
  return Buffer.from(secret.reveal()).toString('utf8')
}
