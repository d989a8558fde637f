/**
 * The meaning of the reasons with which the other side ends a conversation.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'
import type { ConversationEnd } from './conversation.ts'

/** @throws SottoError if the other side has said, under seal, that it will not talk. */
export function throwIfRefused(peerName: string, end: ConversationEnd): void {
  if (end.how !== 'closed') return
  if (end.reason === CloseReason.KEY_CHANGED) {
    throw new SottoError('ERR_KEY_CHANGED', `${peerName} has pinned another identity key for you, and shows nothing`, {
      hint: `tell ${peerName}, by another way, that it is you; then they type: sotto trust YOUR-NAME`,
    })
  }
  if (end.reason === CloseReason.PROTOCOL) {
    throw new SottoError('ERR_CHANNEL_CLOSED', `${peerName} says that this end breaks the protocol`, {
      hint: 'both ends need the same version of sotto',
    })
  }
}
