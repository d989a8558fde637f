/**
 * The letters that came while nobody was here: opened, stored, shown, and only then deleted at the mailbox (docs/protocol.md,
 * section 13.6).
 *
 * @module
 */
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import { type AdmittedLetter, admitLetter, type LetterAdmission, openLetter } from '#lib/letter/open-letter.ts'
import { prekeyPairFrom } from '#lib/letter/prekey.ts'
import { CLOCK_SKEW_MS } from '#lib/protocol.ts'
import { isSame } from '#lib/same-bytes.ts'
import { mayConverse, mayReceive } from '../profile/permission.ts'
import { checkPin, noteChangedKey, pinByLetter } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import { isUsed, type LetterState } from '../store/rows/letter-state.ts'
import type { Store } from '../store/store.ts'
import type { CollectedLetter, MailboxClient } from './mailbox.ts'
import { storeLetter } from './store-letter.ts'

export interface CollectOptions {
  readonly profile: Profile
  readonly mailbox: Pick<MailboxClient, 'collect'> & Partial<Pick<MailboxClient, 'tellCollected'>>
  readonly store: Store
  readonly clock: ServerClock
  /** The message log for a key, unless a conversation has its streams: then letters wait. */
  readonly messageLogFor: (name: string, identityKey: Uint8Array) => MessageLog | undefined
  /** Takes events that are new; they are stored. */
  readonly deliver: (name: string, events: readonly Event[]) => void
  /** Something that was sent to somebody has come further. */
  readonly onProgress: (name: string) => void
  readonly onPinned: (name: string) => void
  /** A letter came under a name with another key than the pinned one. It stays where it is. */
  readonly onKeyChanged: (name: string) => void
  /** A letter was of no use, and is deleted. */
  readonly onRefused: (error: SottoError) => void
  readonly signal: AbortSignal
}

/**
 * What became of a letter: `taken` in, `kept` at the mailbox for later, `early` because events before its own are missing,
 * or of no `use`.
 */
type Outcome = 'taken' | 'kept' | 'early' | 'useless'

/** What came of a look into the mailbox. */
export interface Collected {
  /** Those from whom events came, and whom nobody has told yet that they are stored. */
  readonly writers: ReadonlySet<string>
  /** How many letters were deleted at the mailbox, of use or not. */
  readonly letters: number
}

/**
 * Collect the letters that wait.
 * @throws SottoError what the call gives; `ERR_STORE`, `ERR_STORE_DAMAGED`. What was taken in by then stays so.
 */
export async function collectLetters(options: CollectOptions): Promise<Collected> {
  const writers = new Set<string>()
  let letters = 0
  let early: CollectedLetter[] = []
  const take = async (letter: CollectedLetter): Promise<boolean> => {
    const outcome = await takeLetter(letter, options, writers)
    if (outcome === 'early') early.push(letter)
    const isDone = outcome === 'taken' || outcome === 'useless'
    if (isDone) {
      letters += 1
      await letter.acknowledge()
    }
    return isDone
  }
  for await (const letter of options.mailbox.collect(options.signal)) {
    // What a letter brought may be what another one waited for, in whatever order the mailbox gives them.
    for (let hasMore = await take(letter); hasMore && early.length > 0; ) {
      const waiting = early
      early = []
      hasMore = false
      for (const each of waiting) hasMore = (await take(each)) || hasMore
    }
  }
  return { writers, letters }
}

/** Take in a letter, as far as it can be. */
async function takeLetter(letter: CollectedLetter, options: CollectOptions, writers: Set<string>): Promise<Outcome> {
  const { profile, store, mailbox, onRefused } = options
  const admission = admissionOf(options, store.letterState())
  try {
    const admitted = admitLetter(letter.bytes, admission)
    // By the word of the ticket, before anything is spent on it.
    if (profile.state.blocked.has(admitted.ticket.senderName)) return 'useless'
    const body = openLetter(admitted, admission)
    await mailbox.tellCollected?.(letter, { ticket: admitted.ticket, body })
    const messageLog = await logOf(admitted, options)
    return messageLog === undefined ? 'kept' : receive(admitted, body, messageLog, options, writers)
  } catch (error) {
    if (!isSottoError(error) || isOfThisEnd(error)) throw error
    // The clock of this machine may be mended yet.
    if (error.code === 'ERR_TICKET_FUTURE') return 'kept'
    onRefused(error)
    return 'useless'
  }
}

function admissionOf({ profile, clock }: CollectOptions, state: LetterState): LetterAdmission {
  const { account, session } = profile.login
  const nowMs = clock.local.now().getTime()
  const former = (account.formerTicketKeys ?? []).filter(({ untilMs }) => nowMs < untilMs)
  return {
    identity: profile.state.identity,
    ownName: account.username,
    realm: realmOfAccount(account),
    ticketKeys: [session.keys.ticketKey, ...former.map(({ key }) => key)],
    isUsed: (ticketId) => isUsed(state, ticketId),
    findPrekey: (id) => {
      const found = state.prekeys.find(({ prekeyId }) => isSame(prekeyId, id))
      return found && prekeyPairFrom(found.secret)
    },
    nowMs: clock.nowMs(),
  }
}

/** The message log that a letter goes into; undefined while it must wait: for the user, or for the end of a conversation. */
async function logOf({ ticket }: AdmittedLetter, options: CollectOptions): Promise<MessageLog | undefined> {
  const { profile, clock, messageLogFor, onPinned, onKeyChanged } = options
  const { senderName: name, senderIdentityKey: identityKey } = ticket
  const now = clock.local.now()
  if ((await checkPin(profile, name, identityKey)) === 'changed') {
    await noteChangedKey(profile, name, identityKey, now)
    onKeyChanged(name)
    return undefined
  }
  // The user has found that their safety numbers do not agree.
  if (!mayConverse(profile.state, name)) return undefined
  if (await pinByLetter(profile, name, identityKey, now)) onPinned(name)
  return messageLogFor(name, identityKey)
}

/** Store what a letter brought, and show it. */
function receive(
  admitted: AdmittedLetter,
  body: LetterBody,
  messageLog: MessageLog,
  options: CollectOptions,
  writers: Set<string>,
): Outcome {
  const { profile, store, clock, deliver, onProgress } = options
  const { ticket, prekeyId } = admitted
  const { senderName: name } = ticket
  const permission = mayReceive(profile, name, ticket.senderIdentityKey)
  const letter = { ticketId: ticket.ticketId, prekeyId, untilMs: ticket.expiresAtMs + CLOCK_SKEW_MS }
  const { isEarly, fresh, hasProgress } = storeLetter(
    { store, messageLog, permission, nowMs: clock.nowMs() },
    letter,
    body,
  )
  if (hasProgress) onProgress(name)
  if (isEarly) return 'early'
  if (body.events.length > 0) writers.add(name)
  if (fresh.length > 0) deliver(name, fresh)
  return 'taken'
}

/** Whether it was not the letter that failed, but what is to keep it. */
function isOfThisEnd({ code }: SottoError): boolean {
  return code.startsWith('ERR_STORE') || code.startsWith('ERR_PROFILE_') || code === 'ERR_STREAM_RENEWED'
}
