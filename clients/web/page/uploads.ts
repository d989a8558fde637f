/**
 * Files of the browser on their way to the client, piece by piece: a piece is a request of its own, so that neither side holds
 * more than one. Then the client offers them.
 *
 * @module
 */

import { call } from './client/rpc.ts'
import { model } from './model.ts'

/** The size of a piece, in bytes: as much as a request may have. */
const PIECE_BYTES = 1024 * 1024

const ID_BYTES = 16

export interface Upload {
  readonly contact: string
  readonly name: string
  readonly size: number
  /** How much the client has, in bytes. */
  sent: number
  readonly cancel: () => void
}

const uploads = new Set<Upload>()

export function uploadsTo(contact: string): Upload[] {
  return [...uploads].filter((upload) => upload.contact === contact)
}

/** Give a file to the client, and have it offered. */
export async function upload(contact: string, file: File): Promise<void> {
  const cancelled = new AbortController()
  const { name, size } = file
  const upload: Upload = { contact, name, size, sent: 0, cancel: () => cancelled.abort() }
  uploads.add(upload)
  await model.try(async () => {
    try {
      const id = crypto.getRandomValues(new Uint8Array(ID_BYTES))
      do {
        const piece = file.slice(upload.sent, upload.sent + PIECE_BYTES)
        // A folder is none, and what has changed since it was chosen is not read any more.
        const bytes = await piece.arrayBuffer().catch(() => undefined)
        if (bytes?.byteLength !== piece.size) {
          model.notice(`${name} cannot be read`, contact)
          return
        }
        const data = new Uint8Array(bytes)
        await call('putBytes', { upload: id, name, offset: BigInt(upload.sent), data }, cancelled.signal)
        upload.sent += data.length
        model.changed()
      } while (upload.sent < size)
      await call('offerFile', { contact, source: { $case: 'upload', value: id } }, cancelled.signal)
    } catch (error) {
      if (!cancelled.signal.aborted) throw error
    } finally {
      uploads.delete(upload)
      model.changed()
    }
  })
}
