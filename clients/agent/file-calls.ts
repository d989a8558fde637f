/**
 * The calls of AgentService about files: what is offered, accepted and read.
 *
 * @module
 */
import { isAbsolute } from 'node:path'
import { type AgentServiceService, Answer, type OfferFileRequest } from '#gen/sotto/agent/v1/agent_service.ts'
import { SottoError } from '#lib/errors.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { folderFor } from '../command/file-flags.ts'
import { prepareOffer } from '../files/offer/prepare-offer.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import { type Agent, check, checkContact } from './agent.ts'
import { transferForm } from './forms/transfer-form.ts'
import { MAX_PIECE_BYTES, readPiece } from './uploads.ts'

/** The length of an id, in bytes. */
const ID_BYTES = 16

/** The longest name of a file, in bytes, as file systems have it. */
const MAX_NAME_BYTES = 255

type FileCalls = Pick<
  Handlers<typeof AgentServiceService>,
  'offerFile' | 'answerOffer' | 'listTransfers' | 'putBytes' | 'getBytes'
>

export function fileCalls(agent: Agent): FileCalls {
  const { messenger, downloads, signal: stopped } = agent.options
  const { files } = messenger
  const { uploads } = agent

  const transferNow = (id: string): Transfer => {
    const transfer = files.list().find((each) => each.id === id)
    if (transfer === undefined) throw new SottoError('ERR_NO_SUCH_FILE', 'there is no transfer of this id')
    return transfer
  }

  const offerFrom = async <T>(source: OfferFileRequest['source'], offer: (path: string) => Promise<T>): Promise<T> => {
    const id = source?.$case === 'upload' ? source.value : undefined
    const path = source?.$case === 'path' ? source.value : ''
    check((violations) => {
      if (id !== undefined) violations.expectBytes(id, ID_BYTES, 'upload')
      else violations.expect(isAbsolute(path), 'path', 'must be an absolute path')
    })
    return await (id === undefined ? offer(path) : uploads.offer(id.toString('hex'), offer))
  }

  return {
    async offerFile({ contact, source }, { signal }) {
      return await offerFrom(source, async (path) => {
        checkContact(contact)
        await agent.checkName(contact)
        const { skipped, ...prepared } = await prepareOffer(path, { signal: AbortSignal.any([signal, stopped]) })
        const id = await files.offer(contact, prepared)
        return { transfer: transferForm(transferNow(id)), skipped: [...skipped] }
      })
    },

    async answerOffer({ id, answer, folder }) {
      check((violations) => {
        violations.expectBytes(id, ID_BYTES, 'id')
        violations.expect(folder === '' || isAbsolute(folder), 'folder', 'must be an absolute path, or empty')
        violations.expect(answer !== Answer.UNSPECIFIED, 'answer', 'must be set')
      })
      const name = id.toString('hex')
      if (answer === Answer.ACCEPT) await files.accept(name, folder === '' ? await folderFor(downloads) : folder)
      else if (answer === Answer.DECLINE) files.decline(name)
      else files.cancel(name)
      return { transfer: transferForm(transferNow(name)) }
    },

    async listTransfers() {
      return { transfers: files.list().map((transfer) => transferForm(transfer)) }
    },

    async putBytes({ upload, name, offset, data }) {
      check((violations) => {
        violations.expectBytes(upload, ID_BYTES, 'upload')
        violations.expect(isFileName(name), 'name', `must be a name of 1 to ${MAX_NAME_BYTES} bytes`)
        violations.expect(data.length <= MAX_PIECE_BYTES, 'data', `must be at most ${MAX_PIECE_BYTES} bytes`)
        violations.expect(offset <= Number.MAX_SAFE_INTEGER, 'offset', 'must be a size that a file can have')
      })
      const size = await uploads.put(upload.toString('hex'), name, Number(offset), data)
      return { size: BigInt(size) }
    },

    async getBytes({ id, offset }) {
      check((violations) => {
        violations.expectBytes(id, ID_BYTES, 'id')
        violations.expect(offset <= Number.MAX_SAFE_INTEGER, 'offset', 'must be a size that a file can have')
      })
      const { direction, state, path, files: count } = transferNow(id.toString('hex'))
      if (path === undefined || count !== undefined || (direction === 'downloading' && state !== 'received')) {
        throw new SottoError('ERR_NO_SUCH_FILE', 'no file of this transfer is whole on this machine')
      }
      return { data: await readPiece(path, Number(offset)) }
    },
  }
}

function isFileName(name: string): boolean {
  const bytes = Buffer.byteLength(name)
  return bytes > 0 && bytes <= MAX_NAME_BYTES && !/[/\0]/.test(name) && name !== '.' && name !== '..'
}
