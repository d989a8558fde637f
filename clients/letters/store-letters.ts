/**
 * What letters brought, put down: their events, what they acknowledge, that they were taken in, and that their writers are
 * to be told so.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import { readLetter } from '#lib/letter/letter-streams.ts'
import type { ReceivePermission } from '#lib/trust/permission.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import { afterLetter } from '../store/rows/letter-state.ts'
import type { Store } from '../store/store.ts'

/** A letter that was opened, and where its content goes. */
export interface LetterToStore {
  readonly ticketId: Uint8Array
  readonly prekeyId: Uint8Array
  /** Until then its ticket would be accepted: Unix time in milliseconds, by the server's clock. */
  readonly untilMs: number
  readonly body: LetterBody
  /** That of its writer's key; no conversation may have its streams. */
  readonly messageLog: MessageLog
  readonly permission: ReceivePermission
}

export interface StoredLetter {
  /** Whether events before those of the letter are missing: then nothing is noted of it, and it is of use later. */
  readonly isEarly: boolean
  /** The events that are new to the user, in order. */
  readonly fresh: readonly Event[]
  /** Whether something that was sent to the writer has come further. */
  readonly hasProgress: boolean
}

/**
 * Store what letters brought, in one step with the note that they were taken in, which is the end of their prekeys.
 *
 * @param letters - Of different writers: no two have the same message log.
 * @param nowMs - By the server's clock: Unix time in milliseconds.
 * @returns in their order what became of each.
 * @throws SottoError `ERR_STORE`; `ERR_STREAM_RENEWED` if a contact was forgotten meanwhile: then nothing is stored of any, and
 *   all may be read again.
 */
export function storeLetters(store: Store, letters: readonly LetterToStore[], nowMs: number): readonly StoredLetter[] {
  try {
    return store.storeTogether(() => {
      const stored = letters.map(storeContent)
      const taken = letters.filter((_, index) => stored[index]?.isEarly === false)
      if (taken.length > 0) {
        store.changeLetterState((state) => taken.reduce((before, letter) => afterLetter(before, letter, nowMs), state))
      }
      return stored
    })
  } catch (error) {
    // The next letter, or a conversation, brings them again.
    for (const { messageLog } of letters) messageLog.streams.incoming?.forgetUnstored()
    throw error
  }
}

function storeContent({ body, messageLog, permission }: LetterToStore): StoredLetter {
  const { events, isEarly } = readLetter(messageLog.streams, body)
  const hasProgress = messageLog.hasUnsaved
  if (events.length > 0) return { isEarly, fresh: messageLog.store(permission, events, true), hasProgress }
  messageLog.save()
  // Its writer does not know that its events are here.
  if (body.events.length > 0 && !isEarly) messageLog.letters.markUnanswered(true)
  return { isEarly, fresh: [], hasProgress }
}
