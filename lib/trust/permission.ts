/**
 * Permissions to write to a contact, and to receive from one of their keys: the one place that weighs a block, the pinned
 * key, a doubt about it and a comparison that failed.
 *
 * A permission is made here alone, so whoever is handed one knows that the question was asked. It is good for the moment:
 * the user may block somebody, or trust another key, at any time, so it is asked for anew with each use and never kept.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { isSame } from '#lib/same-bytes.ts'

/** The user's decisions about a contact, as far as writing and receiving depend on them. */
export interface ContactPolicy {
  readonly name: string
  readonly isBlocked: boolean
  /** The pinned key; undefined before the first conversation. */
  readonly pin: PinPolicy | undefined
}

/** The facts about a contact's key that are weighed here. */
export interface PinPolicy {
  /** The pinned key. */
  readonly identityKey: Uint8Array
  /** The other one that was seen since. */
  readonly changedTo: Uint8Array | undefined
  /** The time at which the user found that their safety numbers do not agree. */
  readonly mismatchAtMs?: number | undefined
}

/**
 * The reason why no conversation may be held with a contact now; undefined if one may. A doubt about their key is no
 * reason: only a handshake with the pinned key can end it.
 */
export function conversationRefusal({ name, isBlocked, pin }: ContactPolicy): SottoError | undefined {
  if (isBlocked) return isBlockedHere(name)
  return pin?.mismatchAtMs === undefined ? undefined : keyMismatch(name)
}

/** The reason why nothing may be written for a contact now; undefined if something may. */
export function writeRefusal(policy: ContactPolicy): SottoError | undefined {
  const refusal = conversationRefusal(policy)
  if (refusal !== undefined) return refusal
  return policy.pin?.changedTo === undefined ? undefined : keyChanged(policy.name)
}

/** Proof that something may be written for a contact now, under the key that is pinned now. */
export class WritePermission {
  readonly name: string
  /** The pinned key, whose owner it is for; undefined before the first conversation, for whichever key comes first. */
  readonly identityKey: Uint8Array | undefined

  private constructor(name: string, identityKey: Uint8Array | undefined) {
    this.name = name
    this.identityKey = identityKey
  }

  /**
   * Ask for it.
   *
   * @throws SottoError `ERR_BLOCKED` if the user has blocked them; `ERR_KEY_MISMATCH` after a comparison that failed;
   *   `ERR_KEY_CHANGED` while there is a doubt about their key, for what is written might wait for the old one for ever.
   */
  static of(policy: ContactPolicy): WritePermission {
    const refusal = writeRefusal(policy)
    if (refusal !== undefined) throw refusal
    return new WritePermission(policy.name, policy.pin?.identityKey)
  }

  /** @throws SottoError `ERR_KEY_CHANGED` if it is for another key than this; TypeError if it is for somebody else. */
  check(name: string, identityKey: Uint8Array | undefined): void {
    if (name !== this.name) throw new TypeError('the permission is to write to somebody else')
    const isOpen = identityKey === undefined || this.identityKey === undefined
    if (!isOpen && !isSame(identityKey, this.identityKey)) throw keyChanged(name)
  }
}

/** Proof that what a key has sent under a name may be kept and shown now. */
export class ReceivePermission {
  readonly name: string
  readonly identityKey: Uint8Array

  private constructor(name: string, identityKey: Uint8Array) {
    this.name = name
    this.identityKey = identityKey
  }

  /** Ask for it. @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_KEY_CHANGED` if this key is not the pinned one. */
  static of(policy: ContactPolicy, identityKey: Uint8Array): ReceivePermission {
    const { name, pin } = policy
    const refusal = conversationRefusal(policy)
    if (refusal !== undefined) throw refusal
    if (!isSame(pin?.identityKey, identityKey)) throw keyChanged(name)
    return new ReceivePermission(name, identityKey)
  }

  /** @throws TypeError if it is for somebody else, or for another key than this, where there is one. */
  check(name: string, identityKey: Uint8Array | undefined): void {
    const isTheirs = name === this.name && (identityKey === undefined || isSame(identityKey, this.identityKey))
    if (!isTheirs) throw new TypeError('the permission is to receive from somebody else')
  }
}

/** The error for a block, to the user who has set it. */
function isBlockedHere(name: string): SottoError {
  return new SottoError('ERR_BLOCKED', `${name} is blocked here`, {
    hint: `let them again with: sotto unblock ${name}`,
  })
}

/** The error for a changed key. */
export function keyChanged(name: string): SottoError {
  return new SottoError('ERR_KEY_CHANGED', `the identity key of ${name} is not the one that was pinned`, {
    hint: `a new machine of theirs, or somebody between you two: ask them by another way; then sotto verify ${name}, or sotto trust ${name}`,
  })
}

/** The error for safety numbers that were compared and do not agree. */
function keyMismatch(name: string): SottoError {
  return new SottoError('ERR_KEY_MISMATCH', `the safety number with ${name} did not agree`, {
    hint: `somebody may stand between you two: compare again, on screens that you trust, with: sotto verify ${name}; sotto trust ${name} goes on without`,
  })
}
