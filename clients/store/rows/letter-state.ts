/**
 * What a profile keeps for letters: the private halves of its prekeys, and the tickets of letters that were taken in
 * (docs/protocol.md, section 13). All functions are pure.
 *
 * A private half is destroyed in the step that stores what its letter brought, so that nobody who comes by the profile
 * later can open that letter. One whose letter never came goes 15 days after the mailbox no longer had the prekey: by
 * then the ticket of any letter for it is over its time.
 *
 * @module
 */
import { PREKEY_ID_BYTES, PREKEY_SECRET_BYTES } from '#lib/letter/prekey.ts'
import { fixedLength } from '#lib/protocol.ts'
import { isSame } from '#lib/same-bytes.ts'
import { Secret } from '#lib/secret.ts'

/** How long a private half is kept once the mailbox no longer has the prekey, in milliseconds: 15 days. */
export const KEPT_MISSING_MS = 15 * 24 * 3_600_000

/** A prekey of the profile's own. */
export interface OwnPrekey {
  /** 16 bytes. */
  readonly prekeyId: Uint8Array
  /** The private half, 96 bytes. */
  readonly secret: Secret
  /** Whether it serves many letters, until another takes its place. */
  readonly isLastResort: boolean
  /** When it was drawn: Unix time in milliseconds, by this machine's clock. */
  readonly drawnAtMs: number
  /** When the mailbox was first seen without it; undefined while it has it, or may get it yet. */
  readonly missingSinceMs: number | undefined
}

/** The ticket of a letter that was taken in. */
export interface UsedTicket {
  /** 32 hexadecimal digits. */
  readonly id: string
  /** Until then it would be accepted: Unix time in milliseconds, by the server's clock. */
  readonly untilMs: number
}

export interface LetterState {
  readonly prekeys: readonly OwnPrekey[]
  readonly used: readonly UsedTicket[]
  /** The session under which prekeys were put down last, 16 bytes; undefined if none were. */
  readonly sessionId: Uint8Array | undefined
}

export const NO_LETTERS: LetterState = { prekeys: [], used: [], sessionId: undefined }

/** What the mailbox says it has of the account's prekeys. */
export interface HeldIds {
  readonly prekeyIds: readonly Uint8Array[]
  readonly lastResortId: Uint8Array | undefined
}

/** The ids of all prekeys that the mailbox has, that of last resort among them. */
export function heldIdsOf({ prekeyIds, lastResortId }: HeldIds): readonly Uint8Array[] {
  return lastResortId === undefined ? prekeyIds : [...prekeyIds, lastResortId]
}

/** Take note of what the mailbox has, and let go of private halves that are of no more use. */
export function afterHeld(state: LetterState, held: HeldIds, nowMs: number): LetterState {
  const ids = heldIdsOf(held)
  const isHeld = (id: Uint8Array) => ids.some((each) => isSame(each, id))
  const prekeys = state.prekeys.map((prekey) => {
    const missingSinceMs = isHeld(prekey.prekeyId) ? undefined : (prekey.missingSinceMs ?? nowMs)
    return { ...prekey, missingSinceMs }
  })
  const isOfUse = ({ missingSinceMs = nowMs }: OwnPrekey) => nowMs - missingSinceMs < KEPT_MISSING_MS
  return { ...state, prekeys: prekeys.filter(isOfUse) }
}

/** The ids that the mailbox has and the profile does not: of another installation, or of a former state of this one. */
export function unknownIds({ prekeys }: LetterState, held: HeldIds): readonly Uint8Array[] {
  return heldIdsOf(held).filter((id) => !prekeys.some(({ prekeyId }) => isSame(prekeyId, id)))
}

/** A letter was taken in: its ticket serves no other, and its prekey, unless it is of last resort, opens no other. */
export function afterLetter(
  { prekeys, used, sessionId }: LetterState,
  letter: { readonly ticketId: Uint8Array; readonly untilMs: number; readonly prekeyId: Uint8Array },
  nowMs: number,
): LetterState {
  const id = Buffer.from(letter.ticketId).toString('hex')
  return {
    sessionId,
    prekeys: prekeys.filter((each) => each.isLastResort || !isSame(each.prekeyId, letter.prekeyId)),
    used: [...used.filter(({ untilMs }) => nowMs <= untilMs), { id, untilMs: letter.untilMs }],
  }
}

/** Whether a letter with this ticket was taken in. */
export function isUsed({ used }: LetterState, ticketId: Uint8Array): boolean {
  const id = Buffer.from(ticketId).toString('hex')
  return used.some((each) => each.id === id)
}

/** The state as bytes: JSON, with base64 for bytes. It is never on the disk unsealed. */
export function encodeLetterState({ prekeys, used, sessionId }: LetterState): Uint8Array {
  const json = {
    prekeys: prekeys.map(({ prekeyId, secret, ...facts }) => ({
      ...facts,
      prekeyId: base64(prekeyId),
      secret: base64(secret.reveal()),
    })),
    used,
    sessionId: sessionId && base64(sessionId),
  }
  return Buffer.from(JSON.stringify(json), 'utf8')
}

/** Read what {@link encodeLetterState} wrote. The seal vouches for its form. */
export function decodeLetterState(encoded: Uint8Array): LetterState {
  const json = JSON.parse(Buffer.from(encoded).toString('utf8')) as EncodedState
  return {
    prekeys: json.prekeys.map(({ prekeyId, secret, ...facts }) => ({
      ...facts,
      missingSinceMs: facts.missingSinceMs,
      prekeyId: fixedLength(bytes(prekeyId), PREKEY_ID_BYTES, 'prekey id'),
      secret: Secret.of(bytes(secret), PREKEY_SECRET_BYTES),
    })),
    used: json.used,
    sessionId: json.sessionId === undefined ? undefined : bytes(json.sessionId),
  }
}

interface EncodedState {
  readonly prekeys: readonly (Omit<OwnPrekey, 'prekeyId' | 'secret'> & {
    readonly prekeyId: string
    readonly secret: string
  })[]
  readonly used: readonly UsedTicket[]
  readonly sessionId?: string
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))
