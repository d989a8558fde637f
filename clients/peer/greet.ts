/**
 * Greet somebody who is online, so that they prove their identity key: messages 3 and 4, from the caller's side.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { ANSWER_WITHIN_MS, type ChannelTimes } from '#lib/channel/channel-times.ts'
import { startConversation } from '#lib/channel/initiator.ts'
import { encodeRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { withTimeout } from '#lib/runtime/with-timeout.ts'
import { refuseConversation } from '../profile/permission.ts'
import { pin, refuseChangedKey } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { DirectoryClient, RequestedChat } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import { helloEvent, welcomeEvent } from '../trace/conversation-events.ts'
import { channelSecretsFields, DrawnSecrets } from '../trace/handshake-secrets.ts'
import type { Trace } from '../trace/trace.ts'
import { dial, type Reached } from './dial.ts'
import { CallerLink, within } from './record-link.ts'
import { haveAllRefused, placesOf, untried } from './untried-places.ts'

/** The facts that a handshake with somebody takes. */
export interface Greeting {
  readonly profile: Profile
  readonly directory: Pick<DirectoryClient, 'requestChat'>
  readonly clock: ServerClock
  /** A contact's key was pinned: this was the first conversation with them. */
  readonly onPinned: (peerName: string) => void
  /** Opening a conversation with somebody waits for this now. */
  readonly onWaiting?: ((peerName: string, forWhat: string) => void) | undefined
  readonly trace: Trace
  /** How long one way has a head start on the next, where it is not the usual time: in milliseconds. */
  readonly staggerMs?: number | undefined
  /** Durations of channels that are to be other than the protocol's. */
  readonly channelTimes?: Partial<ChannelTimes>
}

/** A receiver that has proven its identity key. */
export interface Greeted {
  readonly requested: RequestedChat
  readonly reached: Reached
  readonly link: CallerLink
  readonly channel: Channel
}

/** How many Hellos one attempt may take, each with a ticket and keys of its own. */
const MAX_HELLOS = 3

/** How long a receiver may take to answer a goodbye, in milliseconds. */
const GOODBYE_TIMEOUT_MS = 2_000

/**
 * Ask for a ticket, connect, greet whichever place is the receiver, and go on with it.
 *
 * Connections are raced, the receiver's relay among them; a Hello goes to one of them. If that is not the receiver, or
 * refuses, the next Hello goes to the others.
 *
 * @throws SottoError
 *   - `ERR_BLOCKED` if the user has blocked them, `ERR_KEY_MISMATCH` if their safety number did not agree,
 *   - what the directory gives, such as `ERR_NOT_ONLINE`, and `ERR_GRANT_…`,
 *   - `ERR_KEY_CHANGED` if the receiver's identity key is not the pinned one; nothing was sent to it,
 *   - `ERR_PEER_UNREACHABLE` if no endpoint answers, nor the relay,
 *   - `ERR_HELLO_REFUSED`, `ERR_PEER_SILENT`, `ERR_DECRYPT` and the like if none of {@link MAX_HELLOS} Hellos was taken,
 *   - what the signal was aborted with.
 */
export async function greetReceiver<Result>(
  calling: Greeting,
  peerName: string,
  goOn: (greeted: Greeted) => Promise<Result> | Result,
  signal: AbortSignal,
): Promise<Result> {
  await refuseConversation(calling.profile, peerName)
  const tried = new Set<string>()
  for (let hellos = 1; ; hellos += 1) {
    calling.onWaiting?.(peerName, 'the directory')
    const { profile } = calling
    const requested = await requestChat(calling, peerName, signal)
    calling.onWaiting?.(peerName, `${peerName}’s machine`)
    const places = placesOf(requested, profile)
    const reached = await dial(untried(places, tried), signal, calling.staggerMs)
    tried.add(reached.place)
    try {
      return await goOn(await greet(calling, requested, reached, signal))
    } catch (error) {
      reached.close()
      signal.throwIfAborted()
      if (hellos === MAX_HELLOS || !isOfThisEndpoint(error)) throw error
      // Who is full says when to come back.
      if (error.code === 'ERR_BUSY' && haveAllRefused(places, tried)) throw error
    }
  }
}

/** Ask the directory for a ticket. @throws SottoError what it gives; `ERR_KEY_CHANGED` for another key than the pinned one. */
export async function requestChat(
  { directory, profile, clock }: Greeting,
  peerName: string,
  signal: AbortSignal,
): Promise<RequestedChat> {
  const requested = await directory.requestChat(peerName, signal)
  await refuseChangedKey(profile, peerName, requested.grant.receiverIdentityKey, clock.local.now())
  return requested
}

/** Whether another endpoint, or another ticket, may do better: not where it is this end that has a doubt or a fault. */
function isOfThisEndpoint(error: unknown): error is SottoError {
  if (!isSottoError(error) || error.code.startsWith('ERR_PROFILE_')) return false
  return error.code !== 'ERR_KEY_CHANGED' && error.code !== 'ERR_KEY_MISMATCH' && error.code !== 'ERR_BLOCKED'
}

/** Say Hello at a place, and have whoever answers prove the receiver's identity key, which is pinned then. */
export async function greet(
  calling: Greeting,
  requested: RequestedChat,
  reached: Reached,
  signal: AbortSignal,
): Promise<Greeted> {
  const { profile, clock, onPinned, trace, channelTimes } = calling
  const { account } = profile.login
  const { grant, ticket } = requested
  const { route } = reached
  const parties = { opener: account.username, host: grant.receiverName, route }
  const drawn = trace?.reveals === true ? new DrawnSecrets() : undefined
  const { hello, complete } = startConversation({
    identity: profile.state.identity,
    ownName: account.username,
    realm: realmOfAccount(account),
    grant,
    ticket,
    random: drawn?.noting(randomBytes) ?? randomBytes,
  })
  const link = new CallerLink(reached.converse())
  trace?.(helloEvent(hello, parties))
  const welcome = await within(channelTimes?.answerWithinMs ?? ANSWER_WITHIN_MS, link.greet(hello), signal)
  if (drawn === undefined) trace?.(welcomeEvent(welcome, parties))
  const channel: Channel = complete(welcome)
  if (drawn !== undefined) {
    const { identity } = profile.state
    const secrets = { drawn, identity, ownName: account.username, grant, hello, welcome }
    trace?.(welcomeEvent(welcome, parties, channelSecretsFields(secrets)))
  }
  if (await pin(profile, grant.receiverName, grant.receiverIdentityKey, clock.local.now())) onPinned(grant.receiverName)
  // Who stops has said goodbye to all conversations that there were, and would wait for this one for ever.
  signal.throwIfAborted()
  return { requested, reached, link, channel }
}

/**
 * Have a contact's own client prove its identity key, and say goodbye at once: of the user nothing is said. If the key is
 * the pinned one, that withdraws a doubt about it.
 *
 * @throws SottoError as {@link greetReceiver}.
 */
export async function proveKey(calling: Greeting, peerName: string, signal: AbortSignal): Promise<void> {
  await greetReceiver(calling, peerName, takeLeave, signal)
}

async function takeLeave({ link, channel, reached }: Greeted): Promise<void> {
  const close = { $case: 'close', value: { reason: CloseReason.DONE, lastSequence: 0n } } as const
  await link.send(channel.seal(encodeRecordBody(undefined, { control: close })))
  link.end()
  // The other end has it when it ends its direction; that it does not changes nothing of what was proven.
  await withTimeout(link.next(), GOODBYE_TIMEOUT_MS)
  reached.close()
}
