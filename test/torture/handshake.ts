/**
 * The handshake of a conversation, at either end: Hello, Welcome, and the record that confirms the caller.
 *
 * @module
 */
import type { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { startConversation } from '#lib/channel/initiator.ts'
import type { ChannelEnds } from '#lib/channel/renewal.ts'
import type { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { acceptHello } from '#lib/channel/responder.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError } from '#lib/errors.ts'
import { issueTicket } from './admission.ts'
import { Connection, type ConnectionEnd, type Packet } from './network.ts'
import type { ConnectionOwner } from './owners.ts'
import { beginSession } from './session.ts'
import { WatchedChannel } from './watched-channel.ts'

/** How long a caller waits for the Welcome, and a host for the first record, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000

/** Call the peer. @param onEnd - Called once, with whether the handshake succeeded. */
export function call(owner: ConnectionOwner, onEnd: (isEstablished: boolean) => void): void {
  const { world, endpoint } = owner
  const { identity, name: ownName, peer } = endpoint
  const { realm, random, counters } = world
  if (peer.process === undefined) {
    onEnd(false)
    return
  }
  const { ticket, grant } = issueTicket(world, endpoint, peer.process.admission)
  const { hello, complete } = startConversation({ identity, ownName, realm, ticket, grant, random: random.bytes })
  const { caller: link, host } = new Connection(world)
  const handshake = new Handshake(owner, link, () => onEnd(false))
  handshake.listen((packet) => {
    if (packet.kind !== 'welcome') return
    const role = { opener: { ends: endsOf(owner), instanceId: grant.receiverInstanceId, random: random.bytes } }
    const channel = renewing(owner, complete(packet.welcome), role, grant.maxSessionDurationMs)
    counters.handshakes += 1
    handshake.succeed()
    onEnd(true)
    beginSession({ owner, opener: true, channel, connection: link })
  })
  peer.answer(host)
  link.send({ kind: 'hello', hello })
}

/** Answer the first packet of a connection, which must be a Hello. */
export function answer(owner: ConnectionOwner, link: ConnectionEnd, packet: Packet): void {
  const { timeline, random } = owner.world
  const handshake = new Handshake(owner, link, () => undefined)
  handshake.orRefuse(() => {
    if (packet.kind !== 'hello') throw new TypeError('a connection begins with a Hello')
    const { hello } = packet
    const clocks = timeline.clocks()
    const accepted = acceptHello({ hello, ...owner.admission, ...clocks, random: random.bytes })
    link.send({ kind: 'welcome', welcome: accepted.welcome })
    handshake.listen((next) => {
      const first = next.kind === 'record' ? parseRecordBody(accepted.channel.open(next.record)) : undefined
      if (first?.control?.$case === 'resume') host(owner, link, accepted, first)
      else return handshake.fail()
      handshake.succeed()
    })
  })
}

type Accepted = ReturnType<typeof acceptHello>

function host(owner: ConnectionOwner, link: ConnectionEnd, { channel, ticket }: Accepted, first: RecordBody): void {
  const { admission, world } = owner
  const role = { host: { ends: endsOf(owner), admission, random: world.random.bytes } }
  const watched = renewing(owner, channel, role, ticket.maxSessionDurationMs)
  beginSession({ owner, opener: false, channel: watched, connection: link }, first)
}

type Role = ConstructorParameters<typeof RenewingChannel>[0]['role']

function renewing(owner: ConnectionOwner, channel: Channel, role: Role, maxSessionDurationMs: number): WatchedChannel {
  const { faults, timeline } = owner.world
  const nowMs = timeline.monotonicMs()
  return new WatchedChannel(owner, { channel, role, maxSessionDurationMs, times: faults.times, nowMs })
}

function endsOf({ endpoint, world }: ConnectionOwner): ChannelEnds {
  const { identity, name: ownName, peer } = endpoint
  const { name: peerName, identity: peerIdentity } = peer
  return { identity, ownName, peerName, peerIdentityKey: peerIdentity.publicKey, realm: world.realm }
}

/** A handshake under way on a connection, which is dropped if the next message does not come in time. */
class Handshake {
  readonly #owner: ConnectionOwner
  readonly #link: ConnectionEnd
  readonly #onFailed: () => void
  #isOver = false

  constructor(owner: ConnectionOwner, link: ConnectionEnd, onFailed: () => void) {
    this.#owner = owner
    this.#link = link
    this.#onFailed = onFailed
    owner.hold(link)
    owner.after(HANDSHAKE_TIMEOUT_MS, () => this.fail())
  }

  listen(take: (packet: Packet) => void): void {
    this.#link.listen({
      ended: () => this.#owner.run(() => this.fail()),
      take: (packet) => this.#owner.run(() => this.orRefuse(() => take(packet))),
    })
  }

  succeed(): void {
    this.#isOver = true
  }

  fail(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#link.drop()
    this.#onFailed()
  }

  orRefuse(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isSottoError(error)) throw error
      this.#owner.refuse(error)
      this.fail()
    }
  }
}
