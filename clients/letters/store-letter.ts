/**
 * What a letter brought, put down: its events, what it acknowledges, and that it was taken in.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import { readLetter } from '#lib/letter/letter-streams.ts'
import type { ReceivePermission } from '#lib/trust/permission.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import { afterLetter, type LetterState } from '../store/rows/letter-state.ts'
import type { Store } from '../store/store.ts'

/** Where the content of a letter goes. */
export interface LetterPlace {
  readonly store: Pick<Store, 'changeLetterState' | 'letterChange'>
  /** That of its writer's key; no conversation may have its streams. */
  readonly messageLog: MessageLog
  readonly permission: ReceivePermission
  /** Now by the server's clock: Unix time in milliseconds. */
  readonly nowMs: number
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
 * Store what a letter brought, in one step with the note that it was taken in, which is the end of its prekey.
 *
 * @throws SottoError `ERR_STORE`, `ERR_KEY_CHANGED`: then nothing is stored, and the letter may be read again.
 */
export function storeLetter(
  { store, messageLog, permission, nowMs }: LetterPlace,
  letter: { readonly ticketId: Uint8Array; readonly prekeyId: Uint8Array; readonly untilMs: number },
  body: LetterBody,
): StoredLetter {
  const { streams } = messageLog
  const { events, isEarly, acknowledged } = readLetter(streams, body)
  const hasProgress = acknowledged > 0 && messageLog.save()
  if (isEarly) return { isEarly, fresh: [], hasProgress }
  const change = (state: LetterState) => afterLetter(state, letter, nowMs)
  if (events.length === 0) {
    store.changeLetterState(change)
    return { isEarly, fresh: [], hasProgress }
  }
  try {
    return { isEarly, fresh: messageLog.store(permission, events, store.letterChange(change)), hasProgress }
  } catch (error) {
    // The next letter, or a conversation, brings them again.
    streams.incoming?.forgetUnstored()
    throw error
  }
}
