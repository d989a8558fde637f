/**
 * Messages that wait for a key which their person no longer has, or not for sure: they go to no other key, and whoever
 * wrote them should know.
 *
 * @module
 */
import { isSame } from '#lib/same-bytes.ts'
import type { Message, MessageState } from '../reading/messages.ts'

/** Whether a message is of another key than the one that its contact is written to now, as far as both are known. */
export function isOfAnotherKey({ identityKey }: Message, present: Uint8Array | undefined): boolean {
  return identityKey !== undefined && present !== undefined && !isSame(identityKey, present)
}

const PENDING: ReadonlySet<MessageState> = new Set(['waiting', 'sent', 'posted'])

/** Whether a message waits for a key that is not the one that its contact is written to now. */
export function isUndeliverable(message: Message, present: Uint8Array | undefined): boolean {
  return PENDING.has(message.state) && isOfAnotherKey(message, present)
}

/** The notice of messages that will not be delivered. */
export function undeliverableNotice(name: string, count: number): string {
  const what = count === 1 ? 'one message waits' : `${count} messages wait`
  const it = count === 1 ? 'it' : 'them'
  return `${what} for another key of ${name} than the one they have now, and will not go to that by itself; to send ${it} again, or drop ${it}: sotto undeliverable`
}
