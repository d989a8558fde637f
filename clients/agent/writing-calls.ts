/**
 * The calls of AgentService that say something to a contact: texts, what was read, typing, files.
 *
 * @module
 */
import { isAbsolute } from 'node:path'
import { type AgentServiceService, Answer } from '#gen/sotto/agent/v1/agent_service.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import { folderFor } from '../command/file-flags.ts'
import { prepareOffer } from '../files/offer/prepare-offer.ts'
import type { Message } from '../store/reading/messages.ts'
import { type Agent, check, checkContact, noSuchTransfer } from './agent.ts'
import { positionOf } from './forms/position.ts'
import { transferForm } from './forms/transfer-form.ts'

/** The length of an id, in bytes. */
const ID_BYTES = 16

type WritingCalls = Pick<
  Handlers<typeof AgentServiceService>,
  'send' | 'markRead' | 'setTyping' | 'offerFile' | 'answerOffer'
>

export function writingCalls(agent: Agent): WritingCalls {
  const { messenger, downloads, signal: stopped } = agent.options
  const { files } = messenger

  const transferNow = (id: string) => {
    const transfer = files.list().find((each) => each.id === id)
    if (transfer === undefined) throw noSuchTransfer()
    return transferForm(transfer)
  }

  return {
    async send({ contact, text }) {
      checkContact(contact)
      check((violations) => violations.expect(text !== '', 'text', 'must not be empty'))
      if (Buffer.byteLength(text) > MAX_TEXT_BYTES) throw tooLarge()
      await agent.checkName(contact)
      const ordinal = await messenger.enqueue(contact, text)
      return { message: agent.form(written(agent, contact, ordinal)) }
    },

    async markRead({ contact, position }) {
      checkContact(contact)
      const { batch, index } = positionOf(position)
      // The last one that came from them, at that position or before it.
      const from = { batch, index: index + 1 }
      const { entries } = agent.pageBefore(contact, from, RUN)
      const last = entries.find((entry) => entry.kind === 'message' && entry.direction === 'incoming')
      if (last?.kind === 'message') messenger.markRead(contact, last)
      return {}
    },

    async setTyping({ contact, active }) {
      checkContact(contact)
      messenger.sendTyping(contact, active)
      return {}
    },

    async offerFile({ contact, path }, { signal }) {
      checkContact(contact)
      check((violations) => violations.expect(isAbsolute(path), 'path', 'must be an absolute path'))
      await agent.checkName(contact)
      const { skipped, ...prepared } = await prepareOffer(path, { signal: AbortSignal.any([signal, stopped]) })
      const id = await files.offer(contact, prepared)
      return { transfer: transferNow(id), skipped: [...skipped] }
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
      return { transfer: transferNow(name) }
    },
  }
}

/** How many messages are looked through in one go, back from a position. */
const RUN = 50

/** The message of an ordinal, which was written just now: others may have been written after it. */
function written({ options }: Agent, contact: string, ordinal: number): Message {
  for (let before: Message['position'] | undefined; ; ) {
    const page = options.store.history(contact, { before, limit: RUN })
    for (const entry of page) {
      if (entry.kind === 'message' && entry.direction === 'outgoing' && entry.ordinal === ordinal) return entry
    }
    before = page.at(-1)?.position
    if (before === undefined) throw new TypeError('what was written is not in the store')
  }
}

function tooLarge(): SottoError {
  return new SottoError('ERR_MESSAGE_TOO_LARGE', `the text is longer than ${MAX_TEXT_BYTES} bytes`, {
    hint: 'send it as a file',
  })
}
