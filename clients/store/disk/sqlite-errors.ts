/**
 * SQLite's failures in words for a person.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'

/** SQLite's failures by primary result code (https://www.sqlite.org/rescode.html). */
const FAILURES: ReadonlyMap<number, readonly [what: string, hint: string]> = new Map([
  [5, ['the store is busy', 'another sotto command keeps writing; wait for it to end']],
  [8, ['the store may not be written', "check the permissions of the profile's folder"]],
  [10, ['the disk fails to read or write the store', 'check the disk']],
  [13, ['the disk is full', 'free some space; nothing that was stored is lost']],
  [14, ['the store cannot be opened', "check the permissions of the profile's folder"]],
])

const [FULL, NO_ROOM_TO_SHARE] = [13, 4874]

/** Failures, by the same code, that only changes from outside or a failing disk can bring about. */
const DAMAGES: ReadonlyMap<number, string> = new Map([
  [1, 'the tables of the store are not as they were made'],
  [11, 'the store is damaged'],
  [19, 'the store holds what was never put there'],
  [26, 'the store is no database'],
])

/** Do something with SQLite or its files, and report its failures as `ERR_STORE` and `ERR_STORE_DAMAGED`. */
export function asStoreErrors<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translate(error)
  }
}

function translate(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause
  if ('syscall' in cause) return failure(14, cause)
  if (!('errcode' in cause)) return cause
  return failure(cause.errcode === NO_ROOM_TO_SHARE ? FULL : Number(cause.errcode) & 0xff, cause)
}

/** Whether a failure is that the disk has no room for the file beside the store that its processes share. */
export function hasNoRoomToShare(error: SottoError): boolean {
  return error.cause instanceof Error && 'errcode' in error.cause && error.cause.errcode === NO_ROOM_TO_SHARE
}

function failure(code: number, cause: Error): SottoError {
  const damage = DAMAGES.get(code)
  if (damage !== undefined) return damaged(damage, cause)
  const [what, hint] = FAILURES.get(code) ?? [
    'the store fails',
    "check the disk, and the permissions of the profile's folder",
  ]
  return new SottoError('ERR_STORE', what, { cause, hint })
}

/** The error for a store that anything but this code has changed. */
export function damaged(message: string, cause?: unknown): SottoError {
  return new SottoError('ERR_STORE_DAMAGED', message, {
    cause,
    hint: "put the profile's folder back from a backup; nothing was overwritten",
  })
}
