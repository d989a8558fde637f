/**
 * Letters to somebody who is away: what waits for them, sealed and left at their mailbox (docs/protocol.md, section 13.7).
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { LeftToPost } from '#lib/letter/letter-streams.ts'
import type { Prekey } from '#lib/letter/prekey.ts'
import { sealLetter } from '#lib/letter/seal-letter.ts'
import { WritePermission } from '#lib/trust/permission.ts'
import { policyOf } from '../profile/permission.ts'
import { pinByLetter, refuseChangedKey } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { DirectoryClient, RequestedLetter } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { MessageLog } from '../store/log/message-log.ts'
import type { LetterAddress, MailboxClient } from './mailbox.ts'

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

/** All that a letter to somebody needs of others, got before there is one. */
export interface Envelope extends RequestedLetter {
  readonly prekey: Prekey
}

/** What was posted to somebody. */
export interface Posted {
  readonly letters: number
  /** Whether some of what waits has no room in a letter, so that all behind it waits for a conversation. */
  readonly isTooLarge: boolean
}

/**
 * See that letters can be left for somebody now. Nothing is kept of it, and nobody is pinned.
 *
 * @throws SottoError as {@link postLetters}.
 */
export async function getEnvelope(name: string, options: PostOptions): Promise<Envelope> {
  const { mailbox, signal } = options
  const requested = await request(name, options)
  return { ...requested, prekey: await mailbox.takePrekey(addressOf(name, requested), signal) }
}

/**
 * Post what waits for somebody and was not posted yet.
 *
 * @param options.isAnswer - Post a letter though nothing waits: it says how far their stream is stored here.
 * @param options.envelope - For the first letter; it serves no other.
 * @throws SottoError `ERR_KEY_CHANGED`, `ERR_BLOCKED`, `ERR_KEY_MISMATCH`; `ERR_NO_MAILBOX`, `ERR_NO_SUCH_USER` where
 *   nothing can be left for them; `ERR_BUSY` where there is no room; `ERR_UNAVAILABLE`, `ERR_STORE` and the like. What was
 *   posted before stays so.
 */
export async function postLetters(
  name: string,
  {
    isAnswer = false,
    envelope,
    ...options
  }: PostOptions & { readonly isAnswer?: boolean; readonly envelope?: Envelope },
): Promise<Posted> {
  for (let letters = 0; ; ) {
    const isFirst = letters === 0
    const { isPosted, left } = await postNext(name, isAnswer && isFirst, isFirst ? envelope : undefined, options)
    if (isPosted) letters += 1
    if (left !== 'more' || letters === MAX_LETTERS) return { letters, isTooLarge: left === 'too large' }
  }
}

async function postNext(
  name: string,
  isAnswer: boolean,
  envelope: Envelope | undefined,
  options: PostOptions,
): Promise<{ readonly isPosted: boolean; readonly left: LeftToPost }> {
  const { profile, mailbox, clock, messageLogFor, onPinned, signal } = options
  const requested = envelope ?? (await request(name, options))
  const { ticket, grant } = requested
  if (envelope !== undefined) await checkPermission(name, envelope, options)
  const now = clock.local.now()
  const messageLog = messageLogFor(name, grant.receiverIdentityKey)
  if (messageLog === undefined) return { isPosted: false, left: 'nothing' }
  const address = addressOf(name, requested)
  const letter = messageLog.nextLetter(address.sessionId)
  if (letter.count === 0 && !isAnswer) return { isPosted: false, left: messageLog.leftToPost(address.sessionId) }
  const prekey = envelope?.prekey ?? (await mailbox.takePrekey(address, signal))
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
  // Looked at here, for another ticket is a call to the directory and to Auth.
  return { isPosted: true, left: letter.count === 0 ? 'nothing' : messageLog.leftToPost(address.sessionId) }
}

async function request(name: string, options: PostOptions): Promise<RequestedLetter> {
  const requested = await options.directory.requestLetter(name, options.signal)
  await checkPermission(name, requested, options)
  return requested
}

/** Nothing goes to another key than the pinned one, or to somebody who is blocked. */
async function checkPermission(
  name: string,
  { grant }: RequestedLetter,
  { profile, clock }: PostOptions,
): Promise<void> {
  await refuseChangedKey(profile, name, grant.receiverIdentityKey, clock.local.now())
  // By the profile as it was read a moment ago.
  WritePermission.of(policyOf(profile.state, name))
}

function addressOf(name: string, { grant }: RequestedLetter): LetterAddress {
  return { name, sessionId: grant.receiverSessionId }
}
