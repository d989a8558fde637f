/**
 * The letters of the own mailbox, judged and opened one by one, before anything of them is stored (docs/protocol.md,
 * section 13.6).
 *
 * @module
 */
import { isSottoError, type SottoError } from '#lib/errors.ts'
import type { LetterBody } from '#lib/letter/letter-body.ts'
import { type AdmittedLetter, admitLetter, type LetterAdmission, openLetter } from '#lib/letter/open-letter.ts'
import { prekeyPairFrom } from '#lib/letter/prekey.ts'
import { isSame } from '#lib/same-bytes.ts'
import { mayConverse } from '../profile/permission.ts'
import { checkPin, noteChangedKey, pinByLetter } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { ServerClock } from '../session/server-clock.ts'
import { isUsed, type LetterState } from '../store/rows/letter-state.ts'
import type { CollectedLetter, MailboxClient } from './mailbox.ts'

export interface OpenOptions {
  readonly profile: Profile
  readonly mailbox: Partial<Pick<MailboxClient, 'tellCollected'>>
  readonly clock: ServerClock
  readonly onPinned: (name: string) => void
  /** A letter came under a name with another key than the pinned one. It stays where it is. */
  readonly onKeyChanged: (name: string) => void
  /** A letter was of no use, and is deleted. */
  readonly onRefused: (error: SottoError) => void
}

/** A letter that may be stored. */
export interface OpenedLetter extends Pick<AdmittedLetter, 'ticket' | 'prekeyId'> {
  readonly letter: CollectedLetter
  readonly body: LetterBody
}

/**
 * Open a letter of the own mailbox.
 *
 * @param state - What is kept for letters, as it was a moment ago: whoever stores the letter looks again.
 * @returns `kept` where it has to wait there, for the user or for a clock that is right; `useless` where it is to be deleted.
 * @throws SottoError where it was not the letter that failed, but what is to keep it.
 */
export async function openCollected(
  letter: CollectedLetter,
  state: LetterState,
  options: OpenOptions,
): Promise<OpenedLetter | 'kept' | 'useless'> {
  const { profile, mailbox } = options
  const admission = admissionOf(options, state)
  try {
    const admitted = admitLetter(letter.bytes, admission)
    const { ticket, prekeyId } = admitted
    // By the word of the ticket, before anything is spent on it.
    if (profile.state.blocked.has(ticket.senderName)) return 'useless'
    const body = openLetter(admitted, admission)
    await mailbox.tellCollected?.(letter, { ticket, body })
    return (await isTrusted(admitted, options)) ? { letter, ticket, prekeyId, body } : 'kept'
  } catch (error) {
    return refuse(error, options)
  }
}

/** Failures that say nothing against a letter: the clock may be mended yet, and the user decide about the key. */
const MENDED_HERE: ReadonlySet<string> = new Set(['ERR_TICKET_FUTURE', 'ERR_KEY_CHANGED', 'ERR_KEY_MISMATCH'])

/** What becomes of a letter that failed. @throws the error, where it was not the letter. */
export function refuse(error: unknown, { onRefused }: Pick<OpenOptions, 'onRefused'>): 'kept' | 'useless' {
  if (!isSottoError(error) || isOfThisEnd(error)) throw error
  if (MENDED_HERE.has(error.code)) return 'kept'
  onRefused(error)
  return 'useless'
}

function admissionOf({ profile, clock }: OpenOptions, state: LetterState): LetterAdmission {
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

/** Whether what its writer says may be taken in now: it waits where their key has changed, or the user doubts it. */
async function isTrusted({ ticket }: AdmittedLetter, options: OpenOptions): Promise<boolean> {
  const { profile, clock, onPinned, onKeyChanged } = options
  const { senderName: name, senderIdentityKey: identityKey } = ticket
  const now = clock.local.now()
  if ((await checkPin(profile, name, identityKey)) === 'changed') {
    await noteChangedKey(profile, name, identityKey, now)
    onKeyChanged(name)
    return false
  }
  // The user has found that their safety numbers do not agree.
  if (!mayConverse(profile.state, name)) return false
  if (await pinByLetter(profile, name, identityKey, now)) onPinned(name)
  return true
}

/** Whether it was not the letter that failed, but what is to keep it. */
function isOfThisEnd({ code }: SottoError): boolean {
  return code.startsWith('ERR_STORE') || code.startsWith('ERR_PROFILE_') || code === 'ERR_STREAM_RENEWED'
}
