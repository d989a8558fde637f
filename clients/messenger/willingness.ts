/**
 * Whether the other side of a conversation that was opened is willing to have it, and why not where it is not.
 *
 * @module
 */
import { ANSWER_WITHIN_MS } from '#lib/channel/channel-times.ts'
import { SottoError } from '#lib/errors.ts'
import { scheduleRef } from '#lib/runtime/schedule.ts'
import { isFull } from '../peer/busy-contact.ts'
import { type ConversationEnd, throwIfRefused } from '../peer/close-reasons.ts'
import type { Conversation } from '../peer/conversation.ts'
import type { Calling } from '../peer/open-conversation.ts'

/** Resolves when the other side is willing; with the end, where it is not. One that says nothing is cut. */
export async function untilWilling(
  { channelTimes }: Pick<Calling, 'channelTimes'>,
  conversation: Conversation,
): Promise<ConversationEnd | undefined> {
  // After its Welcome, the other side has only to say where it stands.
  const { answerWithinMs = ANSWER_WITHIN_MS } = channelTimes ?? {}
  const timer = scheduleRef(answerWithinMs, () => conversation.cut(silent(conversation.peerName)))
  const end = await Promise.race([conversation.resumed, conversation.ended])
  timer.cancel()
  return end
}

function silent(name: string): SottoError {
  return new SottoError('ERR_PEER_SILENT', `${name}’s machine takes the call and says nothing`, {
    hint: 'it may be stopped, or have too much to do; try again',
  })
}

/** Whether what ended it says how it goes on: of silence the next try would be as long, and who is full says when to come. */
export function isTelling(error: SottoError): boolean {
  return error.code === 'ERR_PEER_SILENT' || isFull(error)
}

/** The reason why a conversation ended before it began. */
export function failureOf(name: string, end: ConversationEnd): unknown {
  if (end.how === 'cut') return end.error
  try {
    throwIfRefused(name, end)
  } catch (error) {
    return error
  }
  return new SottoError('ERR_CHANNEL_CLOSED', `${name} is leaving`)
}
