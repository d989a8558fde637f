/**
 * The calls of AgentService that say something to a contact: texts, what was read, typing.
 *
 * @module
 */
import type { AgentServiceService } from '#gen/sotto/agent/v1/agent_service.ts'
import { MAX_TEXT_BYTES } from '#lib/delivery/limits.ts'
import { SottoError } from '#lib/errors.ts'
import type { Handlers } from '#lib/rpc/service.ts'
import type { Gap, Message, Position } from '../store/reading/messages.ts'
import { type Agent, check, checkContact } from './agent.ts'
import { positionOf } from './forms/position.ts'

type WritingCalls = Pick<Handlers<typeof AgentServiceService>, 'send' | 'markRead' | 'setTyping'>

export function writingCalls(agent: Agent): WritingCalls {
  const { messenger } = agent.options
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
      const last = lastReceived(agent, contact, positionOf(position))
      if (last !== undefined) messenger.markRead(contact, last)
      return {}
    },

    async setTyping({ contact, active }) {
      checkContact(contact)
      messenger.sendTyping(contact, active)
      return {}
    },
  }
}

/** How many messages are looked through in one go, back from a position. */
const RUN = 50

/** The last message that came from a contact, at a position or before it, if any is unread. */
function lastReceived({ options, conversations }: Agent, contact: string, position: Position): Message | undefined {
  if (conversations.with(contact).unread === 0n) return undefined
  for (let before: Position | undefined = { ...position, index: position.index + 1 }; before !== undefined; ) {
    const page: readonly (Message | Gap)[] = options.store.history(contact, { before, limit: RUN })
    for (const entry of page) if (entry.kind === 'message' && entry.direction === 'incoming') return entry
    before = page.at(-1)?.position
  }
  return undefined
}

/** The message of an ordinal, which was written just now: others may have been written after it. */
function written({ options }: Agent, contact: string, ordinal: number): Message {
  for (let before: Position | undefined; ; ) {
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
