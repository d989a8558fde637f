/**
 * Letters to somebody who is away: what waits for them, sealed and left at their mailbox (docs/protocol.md, section 13.7).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { sealLetter } from '#lib/letter/seal-letter.ts'
import { mayWrite } from '../profile/permission.ts'
import { pinByLetter, refuseChangedKey } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { MailboxClient } from './mailbox.ts'

/** The most letters to one receiver in one go: as many as its mailbox takes of one sender. */
const MAX_LETTERS = 64

export interface PostOptions {
  readonly profile: Profile
  readonly directory: Pick<DirectoryClient, 'requestLetter'>
  readonly mailbox: Pick<MailboxClient, 'takePrekey' | 'post'>
  readonly clock: ServerClock
  /** The message log for a key, unless a conversation has its streams: whoever talks writes no letters. */
  readonly messageLogFor: (name: string, identityKey: Uint8Array) => MessageLog | undefined
  readonly onPinned: (name: string) => void
  readonly signal: AbortSignal
}

/** What was posted to somebody. */
export interface Posted {
  readonly letters: number
  /** Whether some of what waits has no room in a letter, so that all behind it waits for a conversation. */
  readonly isTooLarge: boolean
}

/**
 * Post what waits for somebody and was not posted yet.
 *
 * @param isAnswer - Post a letter though nothing waits: it says how far their stream is stored here.
 * @throws SottoError `ERR_KEY_CHANGED`, `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_NO_MAILBOX`, `ERR_NO_SUCH_USER` where
 *   nothing can be left for them; `ERR_BUSY` where there is no room; `ERR_UNAVAILABLE`, `ERR_STORE` and the like. What was
 *   posted before stays so.
 */
export async function postLetters(name: string, isAnswer: boolean, options: PostOptions): Promise<Posted> {
  let letters = 0
  for (; letters < MAX_LETTERS; letters += 1) {
    const left = await postNext(name, isAnswer && letters === 0, options)
    if (left === 'all posted' || left === 'too large') return { letters, isTooLarge: left === 'too large' }
    if (left === 'answered') return { letters: letters + 1, isTooLarge: false }
  }
  return { letters, isTooLarge: false }
}

type Left = 'more' | 'answered' | 'all posted' | 'too large'

async function postNext(name: string, isAnswer: boolean, options: PostOptions): Promise<Left> {
  const { profile, directory, mailbox, clock, messageLogFor, onPinned, signal } = options
  const { ticket, grant } = await directory.requestLetter(name, signal)
  const now = clock.local.now()
  await refuseChangedKey(profile, name, grant.receiverIdentityKey, now)
  await mayWrite(profile, name)
  const messageLog = messageLogFor(name, grant.receiverIdentityKey)
  if (messageLog === undefined) return 'all posted'
  const address = { name, sessionId: grant.receiverSessionId }
  const letter = messageLog.nextLetter(address.sessionId)
  if (letter.count === 0) {
    const isTooLarge = messageLog.streams.outgoing.behind(letter.through).length > 0
    if (!isAnswer) return isTooLarge ? 'too large' : 'all posted'
  }
  const prekey = await mailbox.takePrekey(address, signal)
  const { account } = profile.login
  const sealed = sealLetter({
    identity: profile.state.identity,
    ownName: account.username,
    realm: realmOfAccount(account),
    grant,
    ticket,
    prekey,
    body: letter.body,
    random: randomBytes,
  })
  await mailbox.post(address, sealed, signal)
  if (await pinByLetter(profile, name, grant.receiverIdentityKey, now)) onPinned(name)
  // By this machine's clock, which what is kept goes by.
  const untilMs = now.getTime() + (grant.expiresAtMs - clock.nowMs())
  messageLog.markPosted(letter, { sessionId: address.sessionId, untilMs })
  return letter.count === 0 ? 'answered' : 'more'
}
