/**
 * Begin a conversation with somebody who is online: messages 3, 4 and the first half of 5, from the caller's side.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { refuseConversation } from '../profile/permission.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { RequestedChat } from '../session/directory-client.ts'
import { Conversation, type PeerStreams } from './conversation.ts'
import { dial } from './dial.ts'
import { type Greeted, type Greeting, greet, greetReceiver, requestChat } from './greet.ts'
import { askForTicket } from './renewal-services.ts'

/** The part that every conversation of one command has in common. */
export interface Calling extends Greeting {
  /** Takes the events that came, which are stored by then. */
  readonly deliver: (peerName: string, events: readonly Event[]) => void
  /** Somebody is writing at the other side, or has stopped. */
  readonly onTyping?: (peerName: string, isActive: boolean) => void
}

/**
 * Gives the streams for the holder of an identity key. It is called only once the handshake has proven that key, so
 * that messages for one key cannot go to another, whatever is pinned meanwhile.
 */
export type StreamsWith = (identityKey: Uint8Array) => PeerStreams

/**
 * Ask for a ticket, connect, greet, and begin.
 *
 * @throws SottoError as {@link greetReceiver}.
 */
export async function openConversation(
  calling: Calling,
  peerName: string,
  streamsWith: StreamsWith,
  signal: AbortSignal,
): Promise<Conversation> {
  return await greetReceiver(calling, peerName, (greeted) => converse(calling, greeted, streamsWith), signal)
}

/**
 * The same in the place of a conversation that goes through the relay: by the endpoints alone, of which one gets a Hello.
 *
 * @throws SottoError as {@link greetReceiver}; then the other conversation goes on.
 */
export async function openDirectly(
  calling: Calling,
  peerName: string,
  streamsWith: StreamsWith,
  signal: AbortSignal,
): Promise<Conversation> {
  await refuseConversation(calling.profile, peerName)
  const requested = await requestChat(calling, peerName, signal)
  const reached = await dial({ endpoints: requested.endpoints, relay: undefined }, signal)
  try {
    return converse(calling, await greet(calling, requested, reached, signal), streamsWith)
  } catch (error) {
    reached.close()
    throw error
  }
}

function converse(
  calling: Calling,
  { requested, reached, link, channel }: Greeted,
  streamsWith: StreamsWith,
): Conversation {
  const { profile, clock, deliver, onTyping, trace } = calling
  const { grant } = requested
  const conversation = new Conversation({
    opener: true,
    ownName: profile.login.account.username,
    peerName: grant.receiverName,
    channel: renewing(calling, requested, channel),
    ask: askForTicket(grant.receiverName, calling),
    clock,
    link,
    route: reached.route,
    streams: streamsWith(grant.receiverIdentityKey),
    deliver,
    ...(onTyping && { onTyping }),
    trace,
  })
  void conversation.ended.then(() => reached.close())
  return conversation
}

/** The channel, with what it takes to renew it. */
function renewing(
  { profile, clock, channelTimes }: Calling,
  { grant }: RequestedChat,
  channel: Channel,
): RenewingChannel {
  const { account } = profile.login
  const ends = {
    identity: profile.state.identity,
    ownName: account.username,
    peerName: grant.receiverName,
    peerIdentityKey: grant.receiverIdentityKey,
    realm: realmOfAccount(account),
  }
  return new RenewingChannel({
    channel,
    role: { opener: { ends, instanceId: grant.receiverInstanceId, random: randomBytes } },
    maxSessionDurationMs: grant.maxSessionDurationMs,
    times: channelTimes,
    nowMs: clock.local.monotonicMs(),
  })
}
