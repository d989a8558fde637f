/**
 * One run of a program: from its start, over the store as it lies on the disk, to its death at some write.
 *
 * @module
 */
import type { ServicesAnswer } from '#lib/channel/renewal-role.ts'
import type { Admission } from '#lib/channel/responder.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { DurableStreams } from '../../clients/messenger/durable-streams.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import type { Store } from '../../clients/store/store.ts'
import { Crash, crashingDatabase, type Fate } from '../support/crashing-database.ts'
import { permitReceiving } from '../support/permits.ts'
import { admissionOf, issueTicket } from './admission.ts'
import { answer, call } from './handshake.ts'
import type { ConnectionEnd, Packet } from './network.ts'
import type { ConnectionOwner, ProcessOwner } from './owners.ts'
import type { World } from './world.ts'

/** How long a caller waits before it tries again, at most, in milliseconds. */
const LONGEST_BACKOFF_MS = 30_000

/** How long the services take to answer, at most, in milliseconds. */
const LONGEST_ANSWER_MS = 1_000

export class SimulatedProcess implements ConnectionOwner {
  readonly endpoint: ProcessOwner
  readonly #store: Store
  readonly messageLog: MessageLog
  readonly streams: DurableStreams
  readonly admission: Admission
  #isAlive = true
  readonly #links = new Set<ConnectionEnd>()
  #isDialling = false
  #failures = 0

  /** @throws Crash if it dies while it opens its store. */
  constructor(endpoint: ProcessOwner) {
    const { world, name, identity } = endpoint
    this.endpoint = endpoint
    this.admission = admissionOf(world, name, identity)
    this.#store = endpoint.openStore((database) => crashingDatabase(database, this.#fate()))
    this.messageLog = endpoint.messageLogOf(this.#store)
    // Asked for, so that they are loaded.
    void this.messageLog.streams
    this.streams = new DurableStreams({
      messageLog: this.messageLog,
      clock: world.timeline,
      onProgress: () => {
        const { delivered, read } = this.streams.progress
        endpoint.receiveAcknowledgement(delivered)
        endpoint.receiveReceipt(read)
      },
      sendsReceipts: () => world.faults.readAfterMs !== Number.POSITIVE_INFINITY,
      permit: (key) => permitReceiving(endpoint.peer.name, key),
    })
    this.streams.identityKey = endpoint.peer.identity.publicKey
  }

  get name(): string {
    return this.endpoint.name
  }

  get world(): World {
    return this.endpoint.world
  }

  #fate(): Fate {
    const { world } = this
    let left = Math.ceil(world.random.wait(world.faults.lifeMoments))
    return (moment) => {
      left -= 1
      if (left > 0 || world.isFaultFree) return false
      world.counters.crashes[moment] += 1
      world.note(`${this.name} dies at ${moment}`)
      this.#die()
      return true
    }
  }

  /** Do something, and die if it comes to that. */
  run(work: () => void): void {
    if (!this.#isAlive) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    }
  }

  /** Simulated time for what ships. */
  readonly schedule: Schedule = (milliseconds, work) => {
    let isCancelled = false
    this.after(milliseconds, () => {
      if (!isCancelled) work()
    })
    return {
      cancel() {
        isCancelled = true
      },
    }
  }

  after(milliseconds: number, work: () => void): void {
    if (milliseconds !== Number.POSITIVE_INFINITY) this.world.timeline.after(milliseconds, () => this.run(work))
  }

  /** From this moment on it does nothing any more, whatever of its code is still to run. */
  #die(): void {
    const { random, faults } = this.world
    this.#isAlive = false
    for (const link of this.#links) link.drop(!random.chance(faults.silentCuts))
    this.#links.clear()
    this.endpoint.lose()
  }

  /** A conversation over a connection has ended. */
  release(connection: ConnectionEnd): void {
    this.#links.delete(connection)
  }

  /** Read what came, after a while, and report it. */
  readLater(): void {
    this.after(this.world.random.wait(this.world.faults.readAfterMs), () => {
      this.endpoint.readAll()
      this.#reportRead()
    })
  }

  #reportRead(): void {
    this.#store.markRead(this.endpoint.peer.name)
    this.streams.reportRead()
  }

  /** Say what is new in the store, over the conversation that there is or a new one. */
  sendAppended(): void {
    this.streams.takeAppended()
    this.dial()
  }

  /** Call the other side before long, if something waits and nothing is open. */
  dial(): void {
    if (this.#isDialling || this.streams.conversation !== undefined || !this.streams.hasMore) return
    this.#isDialling = true
    const { random } = this.world
    const backoffMs = random.fraction() * Math.min(50 * 2 ** this.#failures, LONGEST_BACKOFF_MS)
    this.#failures += 1
    this.after(backoffMs, () => {
      if (this.streams.conversation === undefined) call(this, (isEstablished) => this.#hangUp(isEstablished))
      else this.#hangUp(false)
    })
  }

  #hangUp(isEstablished: boolean): void {
    this.#isDialling = false
    if (isEstablished) this.#failures = 0
    else this.dial()
  }

  /** Take what comes first over a connection. */
  answer(link: ConnectionEnd, packet: Packet): void {
    this.run(() => answer(this, link, packet))
  }

  /** Know of a connection, to lose it in death. */
  hold(link: ConnectionEnd): void {
    this.#links.add(link)
  }

  /** Somebody was not let in. */
  refuse({ code }: SottoError): void {
    this.world.counters.refusals += 1
    this.world.note(`${this.name} refuses ${code}`)
  }

  /** What the services say to a question of a channel's. */
  async askServices(task: 'askForTicket' | 'tryServices'): Promise<ServicesAnswer> {
    const { world, endpoint } = this
    await new Promise<void>((resolve) => this.after(world.random.fraction() * LONGEST_ANSWER_MS, resolve))
    if (world.random.chance(world.faults.outages)) return { $case: 'unreachable' }
    if (task === 'tryServices') return { $case: 'reachable' }
    const host = endpoint.peer.process?.admission
    return host === undefined ? { $case: 'absent' } : { $case: 'issued', issued: issueTicket(world, endpoint, host) }
  }
}
