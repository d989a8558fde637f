/**
 * The letters that came while nobody was here: opened, stored, shown, and only then deleted at the mailbox (docs/protocol.md,
 * section 13.6). Those that come together are stored together.
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError } from '#lib/errors.ts'
import { prekeyUnknown, ticketUsed } from '#lib/letter/open-letter.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { isSame } from '#lib/same-bytes.ts'
import { mayReceive } from '../profile/permission.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import { isUsed } from '../store/rows/letter-state.ts'
import type { Store } from '../store/store.ts'
import type { CollectedLetter, MailboxClient } from './mailbox.ts'
import { type OpenedLetter, type OpenOptions, openCollected, refuse } from './open-collected.ts'
import { type StoredLetter, storeLetters } from './store-letters.ts'

export interface CollectOptions extends OpenOptions {
  readonly mailbox: Pick<MailboxClient, 'collect'> & OpenOptions['mailbox']
  readonly store: Store
  /** The message log for a key, unless a conversation has its streams: then letters wait. */
  readonly messageLogFor: (name: string, identityKey: Uint8Array) => MessageLog | undefined
  /** Takes events that are new; they are stored. */
  readonly deliver: (name: string, events: readonly Event[]) => void
  /** Something that was sent to somebody has come further. */
  readonly onProgress: (name: string) => void
  readonly signal: AbortSignal
}

/**
 * What became of a letter: `taken` in, `kept` at the mailbox for later, `early` because events before its own are missing,
 * or of no use.
 */
type Outcome = 'taken' | 'kept' | 'early' | 'useless'

/**
 * Collect the letters that wait. The store knows whom to tell that theirs are in it.
 *
 * @returns how many were deleted at the mailbox, of use or not.
 * @throws SottoError what the call gives; `ERR_STORE`, `ERR_STORE_DAMAGED`. What was taken in by then stays so.
 */
export async function collectLetters(options: CollectOptions): Promise<number> {
  let letters = 0
  let early: readonly CollectedLetter[] = []
  for await (const arrival of options.mailbox.collect(options.signal)) {
    for (let waiting = arrival.letters; waiting.length > 0; ) {
      const outcomes = await takeLetters(waiting, options)
      const done = waiting.filter((letter) => ['taken', 'useless'].includes(outcomes.get(letter) ?? 'kept'))
      await arrival.acknowledge(done)
      letters += done.length
      early = [...new Set([...early, ...waiting])].filter((letter) => (outcomes.get(letter) ?? 'early') === 'early')
      // What a letter brought may be what another one waited for, in whatever order the mailbox gives them.
      waiting = done.length > 0 ? early : []
    }
  }
  return letters
}

/** Take in letters, as far as they can be. */
async function takeLetters(
  letters: readonly CollectedLetter[],
  options: CollectOptions,
): Promise<ReadonlyMap<CollectedLetter, Outcome>> {
  const outcomes = new Map<CollectedLetter, Outcome>()
  let opened: OpenedLetter[] = []
  // Of one look, for it is large.
  const state = options.store.letterState()
  for (const letter of letters) {
    const result = await openCollected(letter, state, options)
    if (typeof result === 'string') outcomes.set(letter, result)
    else opened.push(result)
  }
  while (opened.length > 0) {
    const group = opened.filter((each, index) => !opened.slice(0, index).some((before) => isBeside(before, each)))
    opened = opened.filter((each) => !group.includes(each))
    for (const [letter, outcome] of takeTogether(group, options)) outcomes.set(letter, outcome)
  }
  return outcomes
}

/** Whether two letters are to be stored one after the other: the second goes by what the first has changed. */
function isBeside(one: OpenedLetter, other: OpenedLetter): boolean {
  return one.ticket.senderName === other.ticket.senderName || isSame(one.prekeyId, other.prekeyId)
}

/** Store letters in one step, or each by itself where one of them fails. In this turn others change nothing. */
function takeTogether(group: readonly OpenedLetter[], options: CollectOptions): [CollectedLetter, Outcome][] {
  try {
    return storeOpened(group, options)
  } catch (error) {
    if (group.length > 1 && isSottoError(error)) {
      return group.flatMap((each) => takeTogether([each], options))
    }
    return group.map(({ letter }) => [letter, refuse(error, options)])
  }
}

function storeOpened(group: readonly OpenedLetter[], options: CollectOptions): [CollectedLetter, Outcome][] {
  const { store, clock, messageLogFor } = options
  const state = store.letterState()
  const storable = group.flatMap((opened) => {
    const { ticket, prekeyId, body } = opened
    const { senderName, senderIdentityKey, ticketId, expiresAtMs } = ticket
    // Another one that came with it may have had them.
    if (isUsed(state, ticketId)) throw ticketUsed()
    if (!state.prekeys.some((own) => isSame(own.prekeyId, prekeyId))) throw prekeyUnknown()
    const messageLog = messageLogFor(senderName, senderIdentityKey)
    if (messageLog === undefined) return []
    const permission = mayReceive(options.profile, senderName, senderIdentityKey)
    const untilMs = expiresAtMs + CLOCK_SKEW_MS
    return [{ opened, toStore: { ticketId, prekeyId, untilMs, body, messageLog, permission } }]
  })
  const toStore = storable.map((each) => each.toStore)
  const stored = toStore.length === 0 ? [] : storeLetters(store, toStore, clock.nowMs())
  const byLetter = new Map(storable.map(({ opened }, index) => [opened, stored[index]]))
  return group.map((opened) => [opened.letter, report(opened, byLetter.get(opened), options)])
}

/** Tell of a letter that was stored, if it was. */
function report(
  { ticket }: OpenedLetter,
  stored: StoredLetter | undefined,
  { deliver, onProgress }: CollectOptions,
): Outcome {
  const { senderName: name } = ticket
  if (stored === undefined) return 'kept'
  if (stored.hasProgress) onProgress(name)
  if (stored.isEarly) return 'early'
  if (stored.fresh.length > 0) deliver(name, stored.fresh)
  return 'taken'
}
