/**
 * The secrets that a session token derives: three bearers to show and two keys to seal with (docs/protocol.md, section
 * 2).
 *
 * Client and Auth both derive them from the token R of a Login, and then both forget R. The labels keep the five apart:
 * whoever reads one learns nothing of the others, so the directory, which sees the first, can neither log a user out
 * nor open a ticket, and a relay can ask the directory for nobody.
 *
 *     x = HKDF-SHA256(ikm = R, salt = "", info = label, 32 bytes)
 *
 * @module
 */
import { hash, hkdfSync } from 'node:crypto'
import { Secret } from '#lib/secret.ts'

/** Bytes of a session token, drawn at random by Auth at each Login. */
export const SESSION_TOKEN_BYTES = 32

/** Bytes of each derived secret: a bearer, or an AES-256 key. */
export const SESSION_KEY_BYTES = 32

export interface SessionKeys {
  /** Shown to the directory, which shows it to Auth. */
  readonly directoryBearer: Secret
  /** Shown to Auth alone: logs out, changes a password, administers. */
  readonly authBearer: Secret
  /** Shown to a relay, which shows it to Auth. Undefined in a session that began before there were relays. */
  readonly relayBearer: Secret | undefined
  /** Auth seals with it what the client is to learn as the receiver of a conversation. */
  readonly ticketKey: Secret
  /** Auth seals with it what the client is to learn as the sender of one. */
  readonly grantKey: Secret
}

/**
 * Derive all five.
 *
 * @param token - R, {@link SESSION_TOKEN_BYTES} bytes.
 * @throws TypeError if it has another length.
 */
export function deriveSessionKeys(token: Secret): SessionKeys & { readonly relayBearer: Secret } {
  if (token.length !== SESSION_TOKEN_BYTES) throw new TypeError(`a session token is ${SESSION_TOKEN_BYTES} bytes`)
  return {
    directoryBearer: derive(token, 'sotto directory bearer v1'),
    authBearer: derive(token, 'sotto auth bearer v1'),
    relayBearer: derive(token, 'sotto relay bearer v1'),
    ticketKey: derive(token, 'sotto ticket v1'),
    grantKey: derive(token, 'sotto grant v1'),
  }
}

/**
 * The hash of a bearer that a service keeps: SHA-256, 32 bytes. No salt and no stretching are needed, because a bearer
 * is 32 bytes that nobody can guess.
 */
export function bearerHash(bearer: Secret): Uint8Array {
  return hash('sha256', bearer.reveal(), 'buffer')
}

function derive(token: Secret, label: string): Secret {
  return Secret.of(new Uint8Array(hkdfSync('sha256', token.reveal(), '', label, SESSION_KEY_BYTES)))
}
