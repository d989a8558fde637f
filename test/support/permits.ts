/**
 * Permissions as those have them who have blocked nobody and doubt no key.
 *
 * @module
 */
import { ReceivePermission, WritePermission } from '#lib/trust/permission.ts'

/** A permission to write to somebody, under whichever key. */
export const permitWriting = (name: string): WritePermission =>
  WritePermission.of({ name, isBlocked: false, pin: undefined })

/** A permission to receive from a key under a name. */
export const permitReceiving = (name: string, identityKey: Uint8Array): ReceivePermission =>
  ReceivePermission.of({ name, isBlocked: false, pin: { identityKey, changedTo: undefined } }, identityKey)
