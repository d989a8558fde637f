/**
 * A pair of ends, Alice's and Bob's, of a channel that renews its keys; with the records on their way, and an Auth that
 * grants tickets.
 *
 * @module
 */
import type { RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { Channel } from '#lib/channel/channel.ts'
import { type ChannelTimes, RENEW_EVERY_MS } from '#lib/channel/channel-times.ts'
import type { ChannelEnds, IssuedTicket } from '#lib/channel/renewal.ts'
import type { ServicesAnswer } from '#lib/channel/renewal-role.ts'
import { type ChannelTask, RenewingChannel, type SentRecord } from '#lib/channel/renewing-channel.ts'
import { encodeRecordBody, parseRecordBody } from '#lib/delivery/record-body.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Grant } from '#lib/ticket/grant.ts'
import { ReplayCache } from '#lib/ticket/replay-cache.ts'
import { TICKET_LIFETIME_MS, type Ticket } from '#lib/ticket/ticket.ts'
import { FakeClock } from './clock.ts'
import { ALICE, BOB, BOB_CONTEXT, converse, grantBody, NOW_MS, REALM, sealedTicket } from './conversation.ts'
import { bytesOf, randomFrom, secretOf } from './random.ts'

export const ALICE_ENDS: ChannelEnds = {
  identity: ALICE,
  ownName: 'alice',
  peerName: 'bob',
  peerIdentityKey: BOB.publicKey,
  realm: REALM,
}

export const BOB_ENDS: ChannelEnds = {
  identity: BOB,
  ownName: 'bob',
  peerName: 'alice',
  peerIdentityKey: ALICE.publicKey,
  realm: REALM,
}

/** The admission by which Bob judges tickets, with an empty replay cache. */
export function bobsAdmission() {
  const { key: ticketKey, instanceId } = BOB_CONTEXT
  return { identity: BOB, ownName: 'bob', realm: REALM, ticketKey, instanceId, replayCache: new ReplayCache() }
}

/** A new ticket to Bob and the grant with it, different for each label. */
export function issueTicket(
  label: string,
  {
    nowMs = NOW_MS,
    ticket = {},
    grant = {},
  }: { nowMs?: number; ticket?: Partial<Ticket>; grant?: Partial<Grant> } = {},
): IssuedTicket {
  const secret = secretOf(`secret of ${label}`)
  const [issuedAtMs, expiresAtMs] = [nowMs, nowMs + TICKET_LIFETIME_MS]
  const sealed = sealedTicket({ ticketId: bytesOf(label, 16), issuedAtMs, expiresAtMs, secret, ...ticket })
  return { ticket: sealed, grant: grantBody(sealed, { expiresAtMs, secret, ...grant }) }
}

/**
 * The last record of a renewal that the opener hears, and the last that the host hears: after it the new keys open what
 * comes.
 */
const ENDS_RENEWAL = new Set<string | undefined>(['renewWelcome', 'renewSwitch'])

export interface PairOptions {
  readonly times?: Partial<ChannelTimes>
  readonly maxSessionDurationMs?: number
}

/** An end of the pair: its channel, what it is to send, and what it has received. */
export interface Side {
  readonly channel: RenewingChannel
  /** The channel of the handshake, which an attacker still has who had its keys. */
  readonly first: Channel
  /** Sealed records on their way to this side. */
  readonly inbox: Uint8Array[]
  /** The numbers that are to be sent, one a record. */
  readonly outbox: bigint[]
  readonly received: bigint[]
  /** How often its keys were renewed, as far as what comes in goes. */
  renewals: number
}

export class RenewingPair {
  readonly clock = new FakeClock(NOW_MS)
  readonly alice: Side
  readonly bob: Side
  /** The codes with which Bob refused renewals, in order. */
  readonly refusals: string[] = []
  #issued = 0

  constructor({ times = {}, maxSessionDurationMs = 12 * 60 * 60_000 }: PairOptions = {}) {
    const { alice, bob } = converse()
    // Alice's first record confirms the channel.
    bob.open(alice.seal(encodeRecordBody(undefined, {})))
    const common = { maxSessionDurationMs, times, nowMs: this.clock.monotonicMs() }
    const onRefused = ({ code }: SottoError): number => this.refusals.push(code)
    const opener = { ends: ALICE_ENDS, instanceId: BOB_CONTEXT.instanceId, random: randomFrom('renewals of alice') }
    const host = { ends: BOB_ENDS, admission: bobsAdmission(), random: randomFrom('renewals of bob'), onRefused }
    const side = (first: Channel, role: { opener: typeof opener } | { host: typeof host }): Side => ({
      channel: new RenewingChannel({ channel: first, role, ...common }),
      first,
      inbox: [],
      outbox: [],
      received: [],
      renewals: 0,
    })
    this.alice = side(alice, { opener })
    this.bob = side(bob, { host })
  }

  #other(side: Side): Side {
    return side === this.alice ? this.bob : this.alice
  }

  /** Send the next record of a side, if it has one. */
  send(side: Side): SentRecord | undefined {
    const sent = side.channel.next(this.clock.monotonicMs(), () => {
      const number = side.outbox.shift()
      return number === undefined ? undefined : encodeRecordBody(undefined, { acknowledged: number })
    })
    if (sent) this.#other(side).inbox.push(sent.record)
    return sent
  }

  /** Receive the next record on its way to a side, if there is one. */
  receive(side: Side): RecordBody | undefined {
    const record = side.inbox.shift()
    if (record === undefined) return undefined
    const body = parseRecordBody(side.channel.open(record))
    this.take(side, body)
    side.channel.listen(this.clock.monotonicMs())
    return body
  }

  /** Take the body of a record, whoever sealed it. */
  take(side: Side, body: RecordBody): void {
    const isItsOwn = side.channel.receive(body, this.clocks())
    if (ENDS_RENEWAL.has(body.control?.$case)) side.renewals += 1
    if (!isItsOwn && body.acknowledged > 0n) side.received.push(body.acknowledged)
  }

  /** Send and receive until both sides have nothing more. */
  settle(): void {
    for (let isMoving = true; isMoving; ) {
      isMoving = [this.alice, this.bob].some(
        (side) => this.send(side) !== undefined || this.receive(side) !== undefined,
      )
    }
  }

  /** Let time pass, and ask a side for its next task. */
  after(milliseconds: number, side: Side): ChannelTask | undefined {
    this.clock.advance(milliseconds)
    return side.channel.advance(this.clock.monotonicMs())
  }

  /** The time at which a side is to be asked next. */
  channelDue({ channel }: Side): number {
    return channel.dueAtMs(this.clock.monotonicMs())
  }

  learn(side: Side, answer: ServicesAnswer): void {
    side.channel.learn(answer, this.clocks())
  }

  clocks() {
    return { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() }
  }

  /** A ticket that nobody has used. */
  issue(changes: { ticket?: Partial<Ticket>; grant?: Partial<Grant> } = {}): ServicesAnswer {
    this.#issued += 1
    return { $case: 'issued', issued: issueTicket(`ticket ${this.#issued}`, { nowMs: this.clock.nowMs(), ...changes }) }
  }

  /** Let the next renewal come due, give Alice the answer of the services, and settle. */
  renew(answer: () => ServicesAnswer = () => this.issue()): void {
    this.after(RENEW_EVERY_MS, this.alice)
    this.learn(this.alice, answer())
    this.settle()
    if (this.after(0, this.bob) !== 'tryServices') return
    this.learn(this.bob, { $case: 'unreachable' })
    this.settle()
  }
}
