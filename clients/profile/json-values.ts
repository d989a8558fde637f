/**
 * The values in the JSON of a profile, each read without trust in what stands there.
 *
 * @module
 */
import { IDENTITY_KEY_BYTES } from '#lib/protocol.ts'
import { Secret } from '#lib/secret.ts'
import { SESSION_KEY_BYTES } from '#lib/session/session-keys.ts'

export type Json = Record<string, unknown>

/** What a reader returns; undefined where it throws. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** What a reader returns for a value; undefined where there is none. */
export function optional<T>(value: unknown, read: (json: Json) => T | undefined): T | undefined {
  return value === undefined ? undefined : read(value as Json)
}

/** @throws TypeError for anything else, as all that follow. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text')
  return value
}

export function number(value: unknown): number {
  // A number that is too large for JSON reads as infinite.
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('not a number')
  return value
}

/** Unix time in milliseconds that a Date can hold. */
export function time(value: unknown): number {
  const ms = number(value)
  if (Number.isNaN(new Date(ms).getTime())) throw new TypeError('not a time')
  return ms
}

export function optionalTime(value: unknown): number | undefined {
  return value === undefined ? undefined : time(value)
}

export function secret(value: unknown): Secret {
  return Secret.of(bytes(value, SESSION_KEY_BYTES))
}

export function identityKey(value: unknown): Uint8Array {
  return bytes(value, IDENTITY_KEY_BYTES)
}

export function bytes(value: unknown, length: number): Uint8Array {
  const found = Buffer.from(text(value), 'base64')
  if (found.length !== length) throw new TypeError('bytes of another length')
  return found
}

export function base64(bytes: Uint8Array | Secret): string {
  return Buffer.from(bytes instanceof Secret ? bytes.reveal() : bytes).toString('base64')
}
