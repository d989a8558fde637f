/**
 * The codes of a second factor as people type them: those of an app, and recovery codes for who has lost it.
 *
 * A recovery code is 10 random bytes, typed as 16 characters of base32 (RFC 4648) in groups of four. It is kept as a hash,
 * which needs no more than SHA-256: nobody tries 2^80 of them.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { Secret as Base32Bytes } from 'otpauth/bare'
import { RECOVERY_CODES } from '#lib/second-factor.ts'

/** Bytes of one. */
const RECOVERY_CODE_BYTES = 10

const LABEL = 'sotto recovery code v1'

/** A code that was typed, in its one form. */
export interface TypedCode {
  readonly kind: 'totp' | 'recovery'
  /** 6 digits; or 16 characters of A to Z and 2 to 7. */
  readonly text: string
}

/** Read what was typed: in small or capital letters, with or without spaces and "-". @returns undefined if it is no code. */
export function parseCode(typed: string): TypedCode | undefined {
  const text = typed.replaceAll(/[\s-]/g, '').toUpperCase()
  if (/^\d{6}$/.test(text)) return { kind: 'totp', text }
  if (/^[A-Z2-7]{16}$/.test(text)) return { kind: 'recovery', text }
  return undefined
}

/** Draw the recovery codes of a second factor, as they are shown: AAAA-BBBB-CCCC-DDDD. */
export function drawRecoveryCodes(): string[] {
  return Array.from({ length: RECOVERY_CODES }, () => {
    const { base32 } = new Base32Bytes({ buffer: Uint8Array.from(randomBytes(RECOVERY_CODE_BYTES)).buffer })
    return base32.replaceAll(/.{4}(?!$)/g, '$&-')
  })
}

/**
 * The hash of a recovery code that is kept: SHA-256("sotto recovery code v1" || account's id || code), 32 bytes.
 *
 * @param text - In its one form.
 */
export function recoveryCodeHash(accountId: Uint8Array, text: string): Uint8Array {
  return createHash('sha256').update(LABEL).update(accountId).update(text).digest()
}
