/**
 * One of the two endpoints, across all runs of its process: the disk, what the store promised, and what was shown.
 *
 * @module
 */

import type { Event } from '#gen/sotto/peer/v1/record.ts'
import { encodeTextEvent } from '#lib/delivery/event.ts'
import type { IncomingPosition, IncomingStream } from '#lib/delivery/incoming-stream.ts'
import { EVENT_ID_BYTES, MAX_PART_DATA_BYTES } from '#lib/delivery/limits.ts'
import type { SottoError } from '#lib/errors.ts'
import { leftBehind } from '#lib/letter/letter-streams.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import type { Database } from '../../clients/store/disk/database.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import type { Gap, Message } from '../../clients/store/reading/messages.ts'
import { Store } from '../../clients/store/store.ts'
import { Crash } from '../support/crashing-database.ts'
import { textBody } from '../support/event-text.ts'
import { permitWriting } from '../support/permits.ts'
import { keyPairOf, secretOf } from '../support/random.ts'
import { SimulatedDisk } from './disk.ts'
import { SimulatedMailbox } from './mailbox.ts'
import type { ConnectionEnd } from './network.ts'
import type { ProcessOwner } from './owners.ts'
import { lyingDatabase } from './sabotage.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { Violation, type World } from './world.ts'

/** The longest time until a process is started again after its death, in milliseconds. */
const RESTART_MS = 3_000

export class Endpoint implements ProcessOwner {
  readonly world: World
  readonly name: string
  readonly identity: KeyPair
  readonly disk = new SimulatedDisk()
  readonly mailbox: SimulatedMailbox
  readonly #profileKey
  /** How many messages the store has promised to deliver: those with the numbers from 1 to this. */
  promised = 0
  /** How many messages were being appended when the process died: the store has taken all of them, or none. */
  #pending = 0
  #remaining: number
  #lastShown = 0
  /** How many of the peer's messages were read here, over all runs of the process. */
  #read = 0
  readonly #arrived = new Set<string>()
  /** How many messages the peer has acknowledged. */
  #acknowledged = 0
  /** How many messages the peer has sent a read receipt for. */
  #readByPeer = 0
  #peer: Endpoint | undefined
  #process: SimulatedProcess | undefined
  #concurrent: MessageLog | undefined
  #ownStore: Store | undefined

  /** @param messages - How many messages the endpoint is going to send. */
  constructor(world: World, name: string, messages: number) {
    this.world = world
    this.name = name
    this.mailbox = new SimulatedMailbox(world)
    this.identity = keyPairOf(`identity of ${name}`)
    this.#profileKey = secretOf(`profile key of ${name}`)
    this.#remaining = messages
  }

  get peer(): Endpoint {
    return this.#peer as Endpoint
  }

  get process(): SimulatedProcess | undefined {
    return this.#process
  }

  /** Whether all messages are appended, and the peer has acknowledged them. */
  get isDone(): boolean {
    return this.hasEnqueuedAll && this.#process?.messageLog.streams.outgoing.unacknowledged === 0
  }

  get hasEnqueuedAll(): boolean {
    return this.#remaining === 0 && this.#pending === 0
  }

  /** Start the endpoint, with the other one as its peer. */
  begin(peer: Endpoint): void {
    this.#peer = peer
    this.#start()
    this.#enqueueLater()
  }

  #start(): void {
    try {
      this.#process = new SimulatedProcess(this)
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      return
    }
    this.#process.run(() => {
      this.#recover()
      this.#process?.dial()
      this.#process?.mailLater()
    })
  }

  /** End the process, if there is one; another is started. */
  restart(): void {
    this.#process?.die()
  }

  /**
   * Whether all that letters can carry to the peer is there, and was acknowledged. Where the two disagree about a stream,
   * after a loss of power, that takes a conversation.
   */
  get hasSaidByLetter(): boolean {
    const streams = this.#process?.messageLog.streams
    const known = this.peer.#process?.messageLog.streams.known
    if (streams === undefined || this.peer.#process === undefined) return false
    const { outgoing } = streams
    if (known !== undefined && known.stored > 0n && !outgoing.agreesWith(positionOf(known))) return true
    const left = leftBehind(streams, outgoing.acknowledged)
    // A conversation may have brought what has no room in a letter, and been cut: no letter asks for an answer to it then.
    return left === 'too large' || (left === 'nothing' && (known?.stored ?? 0n) === outgoing.acknowledged)
  }

  /** Find out from the store whether it took the messages that were being appended when the process died. */
  #recover(): void {
    const { appended } = (this.#process as SimulatedProcess).messageLog.progress()
    const wasTaken = appended === this.promised + this.#pending
    if (!wasTaken && appended !== this.promised) {
      throw new Violation(`${this.name} was promised ${this.promised} messages and finds ${appended}`)
    }
    if (!wasTaken) this.#remaining += this.#pending
    this.promised = appended
    this.#pending = 0
  }

  /** Forget the process, which has died in the middle of a write. The rest follows once that write is undone. */
  lose(): void {
    this.#process = undefined
    this.world.timeline.after(0, () => this.#restart())
  }

  #restart(): void {
    const { random, faults, counters, timeline } = this.world
    if (random.chance(faults.powerLosses)) {
      counters.powerLosses += 1
      this.disk.losePower()
    }
    timeline.after(random.fraction() * RESTART_MS, () => this.#start())
  }

  messageLogOf(store: Store): MessageLog {
    return store.messageLog(this.peer.name, this.peer.identity.publicKey)
  }

  openStore(around: (database: Database) => Database = (database) => database): Store {
    const { random, timeline, options } = this.world
    const { sabotage } = options
    const profileKey = this.#profileKey
    const disk = this.disk.open()
    const chance = (): boolean => random.chance(0.2)
    const database = sabotage ? lyingDatabase(disk, { sabotage, profileKey, random: random.bytes, chance }) : disk
    return new Store({ database: around(database), profileKey, clock: timeline, random: random.bytes })
  }

  #enqueueLater(): void {
    const { random, faults, timeline } = this.world
    timeline.after(random.wait(faults.pauseMs), () => {
      const running = this.#process
      running?.run(() => this.#enqueue(running))
      if (!this.hasEnqueuedAll) this.#enqueueLater()
    })
  }

  #enqueue(running: SimulatedProcess): void {
    const { random, faults } = this.world
    const count = Math.min(this.#remaining, random.between(1, faults.burst))
    if (count === 0) return
    const events = Array.from({ length: count }, (_, index) => this.#event(this.promised + 1 + index))
    const isConcurrent = random.chance(faults.concurrent)
    if (isConcurrent) this.#concurrent ??= this.messageLogOf(this.openStore())
    this.#remaining -= count
    this.#pending = count
    const appender = isConcurrent ? (this.#concurrent as MessageLog) : running.streams
    const appended = appender.append(permitWriting(this.peer.name), events)
    if (appended !== this.promised + count)
      throw new Violation(`${this.name} appended ${count} and got number ${appended}`)
    this.promised = appended
    this.#pending = 0
    running.sendAppended()
  }

  #event(number: number): Uint8Array {
    const { random, timeline } = this.world
    const body = Buffer.from(this.text(number))
    return encodeTextEvent({ eventId: random.bytes(EVENT_ID_BYTES), writtenAt: timeline.now(), body })
  }

  /** The text of the message with this number, counted from 1. */
  text(number: number): string {
    const isLarge = number % this.world.faults.largeEvery === 0
    return `${this.name} ${number} ${isLarge ? LARGE : FILLING.slice(0, (number * 7) % 90)}`
  }

  /** Count the events among these that were received before. */
  count(events: readonly Event[]): void {
    for (const { eventId } of events) {
      const id = eventId.toString('latin1')
      if (this.#arrived.has(id)) this.world.counters.duplicates += 1
      this.#arrived.add(id)
    }
  }

  /** Check that no event is shown twice. */
  show(events: readonly Event[]): void {
    for (const event of events) {
      const number = Number(textBody(event)?.subarray(0, 32).toString().split(' ')[1])
      // Numbers may be skipped: what was stored right before a crash has not reached the screen.
      if (!(number > this.#lastShown)) throw new Violation(`${this.name} is shown ${number} after ${this.#lastShown}`)
      this.#lastShown = number
    }
  }

  /** Check an acknowledgement against what the peer has stored. */
  receiveAcknowledgement(delivered: number): void {
    if (delivered === this.#acknowledged) return
    this.#acknowledged = delivered
    const stored = this.peer.#countReceived()
    if (delivered > stored) throw new Violation(`${this.name} was acknowledged ${delivered} where ${stored} are stored`)
  }

  /** Read all messages that are stored. */
  readAll(): void {
    this.#read = Math.max(this.#read, this.#countReceived())
  }

  /** Check a read receipt against what was read at the peer. */
  receiveReceipt(read: number): void {
    const readThere = this.peer.#read
    if (read > readThere)
      throw new Violation(`${this.name} received a receipt for ${read} where ${readThere} were read`)
    if (read > this.#readByPeer) this.world.counters.receipts += 1
    this.#readByPeer = read
  }

  #countReceived(): number {
    this.#ownStore ??= this.openStore()
    let page: (Message | Gap)[] = []
    do {
      page = this.#ownStore.history(this.peer.name, { limit: 20, before: page.at(-1)?.position })
      const newest = page.find((message) => message.kind === 'message' && message.direction === 'incoming')
      if (newest?.kind === 'message') return newest.ordinal
    } while (page.length > 0)
    return 0
  }

  /** Check that the network or the peer explains a failure: any other is a violation. */
  checkFailure(error: SottoError, isTampered: boolean): void {
    if (isTampered || CUTS.has(error.code)) return
    // After a loss of power, and where calls cross: then a Resume comes that a later one has overtaken.
    if (error.code === 'ERR_STREAM_RENEWED') return
    this.world.fail(new Violation(`${this.name} failed for no reason`, { cause: error }))
  }

  answer(link: ConnectionEnd): void {
    link.listen({
      ended: () => link.drop(),
      take: (packet) => {
        if (this.#process === undefined) link.drop()
        else this.#process.answer(link, packet)
      },
    })
  }
}

function positionOf({ streamId, stored, lastStoredEventId }: IncomingStream): IncomingPosition {
  return { streamId, stored, lastEventId: lastStoredEventId }
}

/** Errors of a conversation whose connection was cut, whose peer has died, or which another has replaced. */
const CUTS: ReadonlySet<string> = new Set(['ERR_CHANNEL_CUT', 'ERR_PEER_SILENT', 'ERR_CHANNEL_CLOSED'])

const FILLING = 'the quick brown fox jumps over the lazy dog '.repeat(3)
const LARGE = 'large '.repeat(MAX_PART_DATA_BYTES / 4)
