/**
 * Codes that a secret and the time give (TOTP, RFC 6238), as authenticator apps show them: HMAC-SHA-1, 6 digits, a new one
 * every 30 seconds. These are the values that every app takes; many take no others.
 *
 * @module
 */
import { createHmac } from 'node:crypto'
// Without hash functions of its own, which take 30 ms to load: node:crypto has HMAC-SHA-1.
import { HOTP, Secret as OtpSecret, TOTP } from 'otpauth/bare'
import { TOTP_STEP_MS } from './second-factor.ts'
import { Secret } from './secret.ts'

/** How many steps a clock may be ahead or behind: one, as RFC 6238, section 5.2, recommends at most for the way of a code. */
const SKEW_STEPS = 1

const PARAMETERS = {
  algorithm: 'SHA1',
  digits: 6,
  hmac: (_algorithm: string, key: Uint8Array, message: Uint8Array) => createHmac('sha1', key).update(message).digest(),
} as const

/** The number of the step that a time falls in. @param nowMs - Milliseconds since 1970. */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / TOTP_STEP_MS)
}

/** The code of a step, 6 digits. */
export function totpCode(secret: Secret, step: number): string {
  return HOTP.generate({ secret: otpSecret(secret), counter: step, ...PARAMETERS })
}

/**
 * Find the step that a code is of, among those that the skew allows.
 *
 * @param code - Compared in the same time for all of 6 digits.
 * @param nowMs - Milliseconds since 1970.
 * @param lastStep - The step of the last code that has served: neither that nor any before it serves again.
 * @returns undefined if it is of none.
 */
export function findTotpStep(secret: Secret, code: string, nowMs: number, lastStep: number): number | undefined {
  const now = totpStep(nowMs)
  for (let step = Math.max(now - SKEW_STEPS, lastStep + 1); step <= now + SKEW_STEPS; step += 1) {
    if (Secret.of(Buffer.from(totpCode(secret, step))).equals(Buffer.from(code))) return step
  }
  return undefined
}

/**
 * The secret as authenticator apps take it, from a QR code or by hand: otpauth://totp/Sotto:alice%40chat.example?… with the
 * secret in base32 (RFC 4648).
 *
 * @param account - What the app is to show beside the code.
 */
export function totpUri(secret: Secret, account: string): string {
  const period = TOTP_STEP_MS / 1_000
  return new TOTP({ issuer: 'Sotto', label: account, secret: otpSecret(secret), period, ...PARAMETERS }).toString()
}

function otpSecret(secret: Secret): OtpSecret {
  return new OtpSecret({ buffer: Uint8Array.from(secret.reveal()).buffer })
}
