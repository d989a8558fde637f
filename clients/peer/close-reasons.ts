/**
 * The reasons with which a conversation is ended: what the other side means by one, and which one this side gives.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import { SottoError } from '#lib/errors.ts'

/** The end of a conversation: an authenticated Close, or anything else. */
export type ConversationEnd =
  | { readonly how: 'closed'; readonly by: 'self' | 'peer'; readonly reason: CloseReason }
  | { readonly how: 'cut'; readonly error: SottoError }

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

/** The Close reason for a failure that leaves the channel whole. */
const GOODBYES: ReadonlyMap<string, CloseReason> = new Map([
  ['ERR_RECORD_MALFORMED', CloseReason.PROTOCOL],
  ['ERR_STREAM_RENEWED', CloseReason.SHUTDOWN],
  ['ERR_KEY_CHANGED', CloseReason.KEY_CHANGED],
  ['ERR_BLOCKED', CloseReason.SHUTDOWN],
  ['ERR_KEY_MISMATCH', CloseReason.SHUTDOWN],
  ['ERR_OUTPUT', CloseReason.SHUTDOWN],
  ['ERR_INTERNAL', CloseReason.SHUTDOWN],
  ['ERR_STORE', CloseReason.CANNOT_SAVE],
])

/** The Close reason for such a failure; undefined where the channel is of no use any more. */
export function goodbyeFor({ code }: SottoError): CloseReason | undefined {
  return GOODBYES.get(code)
}
