/**
 * The commands of a chat about files, carried out.
 *
 * @module
 */
import { homedir } from 'node:os'
import { SottoError } from '#lib/errors.ts'
import { folderFor } from '../command/file-flags.ts'
import type { Files } from '../files/files.ts'
import { prepareOffer } from '../files/offer/prepare-offer.ts'
import { typedPath } from '../files/offer/typed-path.ts'
import { contentText, nameText, transferText } from '../files/report/describe.ts'
import { isOver, type Transfer } from '../store/transfers/transfer.ts'
import { escapeName } from '../terminal/escape.ts'
import type { View } from './view.ts'

export interface FileCommandsOptions {
  readonly view: View
  readonly files: Files
  /** The folder that accepted files come to; made if it is not there. */
  readonly downloads: string
  /** The signal to read files no further. */
  readonly signal: AbortSignal
}

/** Reading a file of this size takes long enough to be told of, in bytes. */
const LARGE_BYTES = 200_000_000

/** How many transfers that are over `/files` shows. */
const MAX_PAST = 10

/** How many paths are named before it is said that there are more. */
const MAX_NAMED = 5

export class FileCommands {
  readonly #options: FileCommandsOptions
  /** Offers that are being made: a large file takes a while to read, and the conversation goes on meanwhile. */
  readonly #preparing = new Set<Promise<void>>()

  constructor(options: FileCommandsOptions) {
    this.#options = options
  }

  /** Offer a file to whom one talks with, as soon as it is read. It has ended when it is offered, or rejects with why not. */
  offer(path: string): { readonly ended: Promise<void> } {
    const { to } = this.#options.view
    if (to === undefined) {
      throw new SottoError('ERR_USAGE', 'nobody is there to offer it to', { hint: 'begin with /to NAME' })
    }
    const ended = this.#offer(to, typedPath(path, homedir()))
      .catch((error: unknown) => this.#fail(error, path))
      .finally(() => this.#preparing.delete(ended))
    this.#preparing.add(ended)
    return { ended }
  }

  #fail(error: unknown, path: string): void {
    const { signal, view } = this.#options
    if (!signal.aborted) throw error
    view.notice(`not offered, for it was not read yet: ${escapeName(path)}`)
  }

  /** Resolves when everything that was asked for is offered, or has failed. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#preparing)
  }

  async #offer(to: string, path: string): Promise<void> {
    const { view, files, signal } = this.#options
    let isReported = false
    const onHashed = (_hashed: number, total: number) => {
      if (!isReported && total >= LARGE_BYTES) view.notice(`reading ${escapeName(path)} before it is offered`)
      isReported = true
    }
    const { skipped, ...prepared } = await prepareOffer(path, { signal, onHashed })
    const id = await files.offer(to, prepared)
    if (skipped.length > 0) view.notice(`left out, because they are links or no files: ${listed(skipped)}`)
    view.offered(to, id)
  }

  async accept(which: string): Promise<void> {
    const { files, downloads } = this.#options
    const chosen = this.#choose(which, 'accept', isAsked)
    const folder = await folderFor(downloads)
    for (const { id } of chosen) await files.accept(id, folder)
  }

  decline(which: string): void {
    for (const { id } of this.#choose(which, 'decline', isAsked)) this.#options.files.decline(id)
  }

  cancel(which: string): void {
    for (const { id } of this.#choose(which, 'cancel', isCancellable)) this.#options.files.cancel(id)
  }

  list(): void {
    const { view, files } = this.#options
    const all = files.list()
    const open = all.filter((transfer) => !isOver(transfer))
    const past = all.filter((transfer) => isOver(transfer) && (view.to ?? transfer.contact) === transfer.contact)
    const rows = [
      ...past.slice(-MAX_PAST).map((transfer) => rowOf(transfer)),
      ...open.map(
        (transfer) => `[${view.files.numberOf(transfer.id)}] ${rowOf(transfer, view.files.paceOf(transfer.id))}`,
      ),
    ]
    view.notice(rows.length > 0 ? rows.join('\n') : 'no files yet; /file PATH offers one')
  }

  /** The transfers that are meant: by number, by id, by name, all of the conversation, or the only one. */
  #choose(which: string, command: string, isFit: (transfer: Transfer) => boolean): Transfer[] {
    const { view, files } = this.#options
    const fit = files.list().filter(isFit)
    if (/^\[?[1-9]\d*\]?$/.test(which)) {
      const id = view.files.withNumber(Number(which.replace(/[[\]]/g, '')))
      const numbered = fit.filter((transfer) => transfer.id === id)
      if (numbered.length > 0) return numbered
    }
    const named = fit.filter(({ id }) => id === which)
    if (named.length > 0) return named
    const here = fit.filter(({ contact }) => contact === view.to)
    if (which === 'all' && here.length > 0) return here
    const meant = which === '' ? here : here.filter(({ name }) => name === which.replace(/\/$/, ''))
    if (meant.length === 1) return meant
    if (meant.length === 0) throw nothingTo(command, which)
    throw severalTo(command, meant, (id) => view.files.numberOf(id))
  }
}

function isAsked({ direction, state }: Transfer): boolean {
  return direction === 'downloading' && state === 'offered'
}

/** An offer of somebody else's is declined and not cancelled. */
function isCancellable(transfer: Transfer): boolean {
  return !isOver(transfer) && !isAsked(transfer)
}

function rowOf(transfer: Transfer, pace = {}): string {
  const { direction, contact } = transfer
  return `${direction === 'uploading' ? 'to' : 'from'} ${contact}: ${transferText(transfer, pace)}`
}

function nothingTo(command: string, which: string): SottoError {
  const what = which === '' || which === 'all' ? 'there is no file' : `there is no file ${nameText(which)}`
  return new SottoError('ERR_NO_SUCH_FILE', `${what} to ${command} here`, { hint: '/files shows those there are' })
}

function severalTo(command: string, meant: readonly Transfer[], numberOf: (id: string) => number): SottoError {
  const named = meant.map((transfer) => `/${command} ${numberOf(transfer.id)} for ${contentText(transfer)}`)
  const hint = [...named, `/${command} all for all of them`].join('\n')
  return new SottoError('ERR_USAGE', `there are ${meant.length} of them`, { hint })
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, MAX_NAMED).map(escapeName).join(', ')
  return paths.length > MAX_NAMED ? `${named} and ${paths.length - MAX_NAMED} more` : named
}
