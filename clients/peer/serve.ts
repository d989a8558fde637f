/**
 * The receiver's own server: takes conversations that others begin.
 *
 * Whatever is wrong with a Hello, the caller learns the same; the reason is in this side's log, under the code of the
 * error. Nothing is shown or pinned before the caller's first record opens, since a Hello alone can be a replay.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { Hello } from '#gen/sotto/peer/v1/handshake.ts'
import type { ConverseRequest, ConverseResponse } from '#gen/sotto/peer/v1/peer_service.ts'
import { CloseReason, type Event, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import { ANSWER_WITHIN_MS, type ChannelTimes } from '#lib/channel/channel-times.ts'
import { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { type AcceptedHello, type Admission, acceptHello } from '#lib/channel/responder.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import { MAX_CONVERSATIONS, PEER_LIMITS, type ServerLimits } from '#lib/rpc/limits.ts'
import { type RpcServer, serve, startServer } from '#lib/rpc/server.ts'
import type { Duplex } from '#lib/rpc/service.ts'
import type { CallerStanding } from '#lib/rpc/sockets/call-at-door.ts'
import type { Logger } from '#lib/runtime/log.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { keyChanged } from '#lib/trust/permission.ts'
import { refuseConversation } from '../profile/permission.ts'
import { checkPin, noteChangedKey, pin } from '../profile/pins.ts'
import type { Profile } from '../profile/profile.ts'
import { realmOfAccount } from '../profile/state.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import { helloEvent, recordEvent, welcomeEvent } from '../trace/conversation-events.ts'
import type { Trace } from '../trace/trace.ts'
import type { PeerStreamsByKey } from './conversation.ts'
import { Conversation } from './conversation.ts'
import { PeerService } from './peer-service.ts'
import { HostLink, within } from './record-link.ts'
import { tryServices } from './renewal-services.ts'
import { UnconfirmedCallers } from './unconfirmed-callers.ts'

export interface Hosting {
  readonly profile: Profile
  /** Drawn at the start of the receiver: 16 random bytes. */
  readonly instanceId: Uint8Array
  readonly clock: ServerClock
  readonly directory: Pick<DirectoryClient, 'getPresence'>
  readonly streamsByKey: PeerStreamsByKey
  /** Takes the events that came, which are stored by then. */
  readonly deliver: (peerName: string, events: readonly Event[]) => void
  /** Somebody is writing at the other side, or has stopped. */
  readonly onTyping?: (peerName: string, isActive: boolean) => void
  readonly onPinned: (peerName: string) => void
  readonly onKeyChanged: (peerName: string) => void
  /** A caller was not let in, for a reason that it does not learn. */
  readonly onRefused: (error: SottoError) => void
  readonly onConversation: (conversation: Conversation) => void
  readonly log: Logger
  readonly trace: Trace
  /** How many conversations there may be at once; {@link MAX_CONVERSATIONS} unless set. */
  readonly maxConversations?: number
  /** Durations of channels that are to be other than the protocol's. */
  readonly channelTimes?: Partial<ChannelTimes>
}

/** When to come back, in milliseconds, who finds that there are as many conversations as there may be. */
const FULL_RETRY_MS = 10_000

/** Start the server. Calls that come before the announcement stands have no ticket and are refused. */
export function servePeers(
  { log, channelTimes }: Pick<Hosting, 'log' | 'channelTimes'>,
  peers: PeerHost,
  host: string,
  port: number,
): Promise<RpcServer> {
  return startServer({
    services: [serve(PeerService, { converse: (stream, context) => peers.converse(stream, context) })],
    host,
    port,
    security: undefined,
    limits: limitsFor(channelTimes),
    log,
  })
}

/** Where answers may take longer than the protocol has them, so may a caller's first words, and being let in. */
function limitsFor({ answerWithinMs = ANSWER_WITHIN_MS }: Partial<ChannelTimes> = {}): ServerLimits {
  const { strangers } = PEER_LIMITS
  if (answerWithinMs <= ANSWER_WITHIN_MS || strangers === undefined) return PEER_LIMITS
  const admissionTimeoutMs = strangers.admissionTimeoutMs + 3 * answerWithinMs
  return { ...PEER_LIMITS, firstMessageTimeoutMs: answerWithinMs, strangers: { ...strangers, admissionTimeoutMs } }
}

/** What a conversation that comes in has beside its stream. */
export interface Incoming {
  /** Which way it comes; direct, unless set. */
  readonly route?: Route
  /** The standing of the caller, who is a stranger at first. */
  readonly caller: Pick<CallerStanding, 'vouch' | 'admit'>
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal
}

/** Takes conversations, by whatever way they come. */
export class PeerHost {
  readonly #hosting: Hosting
  readonly #replayCache = new ReplayCache()
  readonly #unconfirmed = new UnconfirmedCallers()
  #open = 0

  constructor(hosting: Hosting) {
    this.#hosting = hosting
  }

  async converse(stream: Duplex<ConverseRequest, ConverseResponse>, context: Incoming): Promise<void> {
    const link = new HostLink(stream)
    const { accepted, first } = await this.#letIn(link, context)
    if (first.control?.$case === 'close') return
    const { maxConversations = MAX_CONVERSATIONS } = this.#hosting
    if (this.#open >= maxConversations) throw full()
    context.caller.admit()
    this.#open += 1
    try {
      await this.#host(link, accepted, first, context.route)
    } finally {
      this.#open -= 1
    }
  }

  /** Everything up to the record that confirms the caller, whose failures are refusals. */
  async #letIn(link: HostLink, context: Incoming): Promise<{ accepted: AcceptedHello; first: RecordBody }> {
    try {
      const hello = await link.hello()
      const accepted = this.#accept(hello)
      const { senderName } = accepted.ticket
      return await this.#unconfirmed.confirm(senderName, context.signal, async (signal) => {
        // Before anything is waited for: a crowd that comes back at once is not to be taken for one of strangers.
        context.caller.vouch()
        await refuseConversation(this.#hosting.profile, senderName)
        await this.#welcome(link, hello, accepted, context.route)
        return { accepted, first: await this.#confirm(link, accepted, signal, context.route) }
      })
    } catch (thrown) {
      const error = isSottoError(thrown, 'ERR_CHAT_WITH_SELF') ? ownTicket(thrown) : thrown
      // Who had to make room has done nothing that the user is to know.
      if (isSottoError(error) && error.code !== 'ERR_BUSY') this.#hosting.onRefused(error)
      throw error
    }
  }

  /** Take a Hello. Nobody is believed yet. */
  #accept(hello: Hello): AcceptedHello {
    return acceptHello({ hello, ...this.#admission(), ...this.#hosting.clock.clocks(), random: randomBytes })
  }

  async #welcome(
    link: HostLink,
    hello: Hello,
    { ticket, welcome }: AcceptedHello,
    route: Route | undefined,
  ): Promise<void> {
    const { profile, trace } = this.#hosting
    const parties = { opener: ticket.senderName, host: profile.login.account.username, ...(route && { route }) }
    trace?.(helloEvent(hello, parties, ticket))
    await link.welcome(welcome)
    trace?.(welcomeEvent(welcome, parties))
  }

  /** The facts of this start by which tickets are judged. */
  #admission(): Admission {
    const { profile, instanceId } = this.#hosting
    const { account, session } = profile.login
    return {
      identity: profile.state.identity,
      ownName: account.username,
      realm: realmOfAccount(account),
      ticketKey: session.keys.ticketKey,
      instanceId,
      replayCache: this.#replayCache,
    }
  }

  /** The caller's first record: that it opens shows that the caller is who the ticket says, here and now. */
  async #confirm(
    link: HostLink,
    { ticket, channel }: AcceptedHello,
    signal: AbortSignal,
    route: Route | undefined,
  ): Promise<RecordBody> {
    const { profile, trace, channelTimes } = this.#hosting
    const record = await within(channelTimes?.answerWithinMs ?? ANSWER_WITHIN_MS, link.next(), signal)
    if (record === undefined) throw new SottoError('ERR_CHANNEL_CUT', 'the caller has gone away')
    const body = parseRecordBody(channel.open(record))
    const { username } = profile.login.account
    const way = { from: ticket.senderName, to: username, ...(route && { route }) }
    trace?.(recordEvent({ ...way, number: 0, body, record }))
    await this.#checkKey(link, ticket.senderName, { ticket, channel })
    return body
  }

  /** Pin a new caller's key; tell a caller whose key has changed so, under seal. */
  async #checkKey(
    link: HostLink,
    name: string,
    { ticket, channel }: Pick<AcceptedHello, 'ticket' | 'channel'>,
  ): Promise<void> {
    const { profile, clock, onPinned, onKeyChanged } = this.#hosting
    if ((await checkPin(profile, name, ticket.senderIdentityKey)) === 'changed') {
      await noteChangedKey(profile, name, ticket.senderIdentityKey, clock.local.now())
      onKeyChanged(name)
      const close = { $case: 'close', value: { reason: CloseReason.KEY_CHANGED, lastSequence: 0n } } as const
      await link.send(channel.seal(encodeRecordBody(undefined, { control: close })))
      throw keyChanged(name)
    }
    if (await pin(profile, name, ticket.senderIdentityKey, clock.local.now())) onPinned(name)
  }

  async #host(link: HostLink, accepted: AcceptedHello, first: RecordBody, route: Route = 'direct'): Promise<void> {
    const { profile, clock, directory, streamsByKey, deliver, onTyping, onConversation, trace } = this.#hosting
    if (first.control?.$case !== 'resume') throw new SottoError('ERR_RECORD_MALFORMED', 'the first record is no Resume')
    const { senderName: name, senderIdentityKey: identityKey } = accepted.ticket
    const conversation = new Conversation(
      {
        opener: false,
        ownName: profile.login.account.username,
        peerName: name,
        channel: this.#renewing(accepted),
        ask: tryServices(name, directory),
        clock,
        link,
        route,
        streams: streamsByKey.with(name, identityKey),
        deliver,
        ...(onTyping && { onTyping }),
        trace,
      },
      first,
    )
    onConversation(conversation)
    const end = await conversation.ended
    if (end.how === 'cut') throw end.error
  }

  /** The channel, with what it takes to renew it. */
  #renewing({ ticket, channel }: AcceptedHello): RenewingChannel {
    const { clock, log, channelTimes } = this.#hosting
    const admission = this.#admission()
    const { senderName: peerName, senderIdentityKey: peerIdentityKey } = ticket
    const ends = { ...admission, peerName, peerIdentityKey }
    const onRefused = ({ code }: SottoError) => log.warn({ peer: peerName, code }, 'a renewal was refused')
    return new RenewingChannel({
      channel,
      role: { host: { ends, admission, random: randomBytes, onRefused } },
      maxSessionDurationMs: ticket.maxSessionDurationMs,
      times: channelTimes,
      nowMs: clock.local.monotonicMs(),
    })
  }
}

function full(): SottoError {
  return new SottoError('ERR_BUSY', 'too many conversations at once', { retryAfterMs: FULL_RETRY_MS })
}

/** A code that the directory tells everybody, here as one that a caller does not learn. */
function ownTicket(cause: SottoError): SottoError {
  return new SottoError('ERR_TICKET_SENDER', 'the ticket is from the receiver itself', { cause })
}
