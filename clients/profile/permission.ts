/**
 * Asks by the present profile whether a contact may be written to, and whether one of their keys may be received from.
 *
 * @module
 */
import { type ContactPolicy, conversationRefusal, ReceivePermission, WritePermission } from '#lib/trust/permission.ts'
import type { Profile } from './profile.ts'
import type { ProfileState } from './state.ts'

/** The decisions of the user about a contact. */
export function policyOf({ pins, blocked }: ProfileState, name: string): ContactPolicy {
  return { name, isBlocked: blocked.has(name), pin: pins.get(name) }
}

/**
 * Ask whether a contact may be written to, by the profile on the disk: the user may have decided in another terminal.
 *
 * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`, `ERR_KEY_CHANGED`.
 */
export async function mayWrite(profile: Profile, name: string): Promise<WritePermission> {
  return WritePermission.of(policyOf(await profile.refresh(), name))
}

/**
 * Ask whether what a key has sent may be kept, by the profile in memory: a record is not kept waiting for the disk.
 *
 * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_KEY_CHANGED` if another key is pinned.
 */
export function mayReceive({ state }: Profile, name: string, identityKey: Uint8Array): ReceivePermission {
  return ReceivePermission.of(policyOf(state, name), identityKey)
}

/**
 * Stop where no conversation may be held with a contact, by the profile on the disk.
 *
 * @throws SottoError `ERR_BLOCKED`, `ERR_KEY_MISMATCH`.
 */
export async function refuseConversation(profile: Profile, name: string): Promise<void> {
  const refusal = conversationRefusal(policyOf(await profile.refresh(), name))
  if (refusal !== undefined) throw refusal
}

/** Whether a conversation may be held with a contact. */
export function mayConverse(state: ProfileState, name: string): boolean {
  return conversationRefusal(policyOf(state, name)) === undefined
}
