/**
 * The link of an invite: a server, the authority that it is known by, and a code that serves once. Whoever has it can
 * take the invite up, so it is a secret as long as it is good. docs/protocol.md, section 12, has its form.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto'
import { SottoError } from './errors.ts'
import { Secret } from './secret.ts'
import { USERNAME } from './validation.ts'

/** Bytes of a code: 128 bits, which nobody guesses. */
export const INVITE_CODE_BYTES = 16

export interface InviteLink {
  /** Auth's address, `HOST:PORT`. */
  readonly address: string
  /** SHA-256 of the certificate of the server's authority: 64 hexadecimal digits. */
  readonly fingerprint: string
  /** The name that the invite is for; undefined where the person may choose. */
  readonly name: string | undefined
  /** {@link INVITE_CODE_BYTES}. */
  readonly code: Secret
}

/** A fresh code. */
export function drawInviteCode(): Secret {
  return Secret.of(randomBytes(INVITE_CODE_BYTES))
}

/** What Auth keeps of a code: SHA-256, 32 bytes. Of 128 random bits, no slower hash is needed. */
export function inviteCodeHash(code: Secret): Uint8Array {
  return createHash('sha256').update(code.reveal()).digest()
}

/** The text of a link. */
export function formatInviteLink({ address, fingerprint, name, code }: InviteLink): string {
  const path = name === undefined ? 'join' : `join/${name}`
  return `sotto://${address}/${path}#${fingerprint}.${Buffer.from(code.reveal()).toString('hex')}`
}

const LINK = /^sotto:\/\/([^/#\s]+)\/join(?:\/([^/#\s]+))?#([0-9a-f]{64})\.([0-9a-f]{32})$/i

/**
 * Read a link, with or without spaces around it.
 *
 * @throws SottoError `ERR_USAGE` for anything else. The text is not repeated: it may hold a code.
 */
export function parseInviteLink(text: string): InviteLink {
  const [, address, name, fingerprint, code] = LINK.exec(text.trim()) ?? []
  if (address === undefined || fingerprint === undefined || code === undefined || !isName(name)) {
    throw new SottoError('ERR_USAGE', 'that is no link of an invite', {
      hint: 'take it whole, as it was sent or printed: sotto://HOST:PORT/join/NAME#… with 97 characters behind the #',
    })
  }
  return { address, fingerprint: fingerprint.toLowerCase(), name, code: Secret.of(Buffer.from(code, 'hex')) }
}

function isName(name: string | undefined): boolean {
  return name === undefined || USERNAME.test(name)
}
