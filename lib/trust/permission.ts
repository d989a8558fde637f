/**
 * Permissions to write to a contact, and to receive from one of their keys: the one place that weighs a block, the pinned
 * key and a doubt about it.
 *
 * A permission is made here alone, so whoever is handed one knows that the question was asked. It is good for the moment:
 * the user may block somebody, or trust another key, at any time, so it is asked for anew with each use and never kept.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { isSame } from '#lib/same-bytes.ts'

/** What the user has decided about a contact, as far as writing and receiving depend on it. */
export interface ContactPolicy {
  readonly name: string
  readonly isBlocked: boolean
  /** The pinned key, and the other one that was seen since; undefined before the first conversation. */
  readonly pin: { readonly identityKey: Uint8Array; readonly changedTo: Uint8Array | undefined } | undefined
}

/** Why nothing may be written for a contact now; undefined where something may. */
export function writeRefusal({ name, isBlocked, pin }: ContactPolicy): SottoError | undefined {
  if (isBlocked) return isBlockedHere(name)
  return pin?.changedTo === undefined ? undefined : keyChanged(name)
}

/** Proof that something may be written for a contact now, under the key that is pinned now. */
export class WritePermission {
  readonly name: string
  /** Whose it is to be: the pinned key; undefined before the first conversation, for whichever key comes first. */
  readonly identityKey: Uint8Array | undefined

  private constructor(name: string, identityKey: Uint8Array | undefined) {
    this.name = name
    this.identityKey = identityKey
  }

  /**
   * Ask for it.
   *
   * @throws SottoError `ERR_BLOCKED` if the user has blocked them; `ERR_KEY_CHANGED` while there is a doubt about their
   *   key, for what is written would wait for the old one and never go.
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

  /** Ask for it. @throws SottoError `ERR_BLOCKED`; `ERR_KEY_CHANGED` if this key is not the pinned one. */
  static of({ name, isBlocked, pin }: ContactPolicy, identityKey: Uint8Array): ReceivePermission {
    if (isBlocked) throw isBlockedHere(name)
    if (!isSame(pin?.identityKey, identityKey)) throw keyChanged(name)
    return new ReceivePermission(name, identityKey)
  }

  /** @throws TypeError if it is for somebody else, or for another key than this, where there is one. */
  check(name: string, identityKey: Uint8Array | undefined): void {
    const isTheirs = name === this.name && (identityKey === undefined || isSame(identityKey, this.identityKey))
    if (!isTheirs) throw new TypeError('the permission is to receive from somebody else')
  }
}

/** What a block is reported as, to whoever has set it. */
export function isBlockedHere(name: string): SottoError {
  return new SottoError('ERR_BLOCKED', `${name} is blocked here`, {
    hint: `let them again with: sotto unblock ${name}`,
  })
}

/** What a changed key is reported as. */
export function keyChanged(name: string): SottoError {
  return new SottoError('ERR_KEY_CHANGED', `the identity key of ${name} is not the one that was pinned`, {
    hint: `a new machine of theirs, or somebody between you two: ask them by another way; then sotto verify ${name}, or sotto trust ${name}`,
  })
}
