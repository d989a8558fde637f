/**
 * Taking what was offered: the folder that it is to come to is looked at before the other side is told.
 *
 * @module
 */
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { SottoError, type SottoErrorOptions } from '#lib/errors.ts'
import type { WritePermission } from '#lib/trust/permission.ts'
import type { Store } from '../store/store.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'
import { kept, ROOM_INTERVAL_MS } from './disk/disk-errors.ts'
import { freeSpace } from './disk/free-space.ts'

/** The last that is being accepted into each store. */
const accepting = new WeakMap<Store, Promise<void>>()

/**
 * Accept an offer; the process that owns the profile's conversations gets it. Several at once are judged one after another,
 * each beside those before it.
 *
 * @param permit - Asks whether its sender may be answered now. @throws SottoError `ERR_BLOCKED`, `ERR_KEY_CHANGED`,
 *   `ERR_KEY_MISMATCH`.
 * @param folder - Where it is to come to; it must be there.
 * @throws SottoError `ERR_NO_SUCH_FILE` if no such offer waits for an answer; `ERR_FILE_SAVE_FAILED` if the folder is
 *   none, may not be written, or its disk has no room for it beside what else was accepted; `ERR_STORE`; what
 *   `permit` throws.
 */
export async function acceptTransfer(
  store: Store,
  permit: (contact: string) => Promise<WritePermission>,
  id: string,
  folder: string,
): Promise<void> {
  const before = accepting.get(store)
  const turn = (before ?? Promise.resolve()).then(() => accept(store, permit, id, folder))
  accepting.set(
    store,
    turn.catch(() => undefined),
  )
  await turn
}

async function accept(
  store: Store,
  permit: (contact: string) => Promise<WritePermission>,
  id: string,
  folder: string,
): Promise<void> {
  const path = await checkAcceptable(store, permit, [id], folder)
  const permission = await permit(waitingFor(store, id).contact)
  if (store.transfers.accept(permission, id, path) === undefined) throw noSuchFile()
}

/**
 * See that all of these offers can be accepted together, before the first is.
 *
 * @returns the folder without links.
 * @throws SottoError as {@link acceptTransfer}.
 */
export async function checkAcceptable(
  store: Store,
  permit: (contact: string) => Promise<WritePermission>,
  ids: readonly string[],
  folder: string,
): Promise<string> {
  const offers = ids.map((id) => waitingFor(store, id))
  for (const { contact } of offers) await permit(contact)
  const size = offers.reduce((sum, offer) => sum + offer.size, 0)
  return await kept(() => checkFolder(folder, size, store))
}

/** Decline an offer. @throws SottoError `ERR_NO_SUCH_FILE` if no such offer waits for an answer; `ERR_STORE`. */
export function declineTransfer(store: Store, id: string): void {
  waitingFor(store, id)
  if (store.transfers.settle(id, 'declined') === undefined) throw noSuchFile()
}

/** See that these offers can be declined, before the first is. @throws SottoError as {@link declineTransfer}. */
export function checkDeclinable(store: Store, ids: readonly string[]): void {
  for (const id of ids) waitingFor(store, id)
}

/** See that these transfers can be cancelled, before the first is. @throws SottoError as {@link cancelTransfer}. */
export function checkCancellable(store: Store, ids: readonly string[]): void {
  for (const id of ids) {
    const transfer = store.transfers.get(id)
    if (transfer === undefined || isOver(transfer)) throw noSuchFile()
  }
}

/** End a transfer that is not over, in either direction. @throws SottoError `ERR_NO_SUCH_FILE`, `ERR_STORE`. */
export function cancelTransfer(store: Store, id: string): void {
  if (store.transfers.settle(id, 'cancelled') === undefined) throw noSuchFile()
}

function waitingFor(store: Store, id: string): Transfer {
  const transfer = store.transfers.get(id)
  if (transfer?.direction !== 'downloading' || transfer.state !== 'offered') throw noSuchFile()
  return transfer
}

async function checkFolder(folder: string, size: number, store: Store): Promise<string> {
  const path = await realpath(folder)
  if (!(await stat(path)).isDirectory()) throw saveFailed('that is no folder', 'name one that is there')
  await access(path, constants.W_OK | constants.X_OK)
  const { bytes, most, spokenFor } = await freeSpace(path, store.transfers.list())
  if (most < size)
    throw saveFailed('it is larger than the disk, less the 16 MiB that stay free', 'choose a folder on another disk')
  if (bytes < size) throw noRoom('there is no room for it on the disk')
  if (bytes - spokenFor < size) throw noRoom('there is no room for it on the disk beside what is still to come')
  return path
}

function saveFailed(message: string, hint: string, options: SottoErrorOptions = {}): SottoError {
  return new SottoError('ERR_FILE_SAVE_FAILED', message, { ...options, hint: `${hint}; the offer still waits` })
}

function noRoom(message: string): SottoError {
  return saveFailed(message, 'free some space', { retryAfterMs: ROOM_INTERVAL_MS })
}

function noSuchFile(): SottoError {
  return new SottoError('ERR_NO_SUCH_FILE', 'no such offer waits, or it is answered already', {
    hint: 'sotto files shows those there are',
  })
}
