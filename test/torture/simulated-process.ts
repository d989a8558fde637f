/**
 * A simulated process: one run of a program, from its start over the store on the disk to its crash in some write.
 *
 * @module
 */
import type { ServicesAnswer } from '#lib/channel/renewal-role.ts'
import type { Admission } from '#lib/channel/responder.ts'
import { isSottoError, type SottoError } from '#lib/errors.ts'
import { parseLetterBody } from '#lib/letter/letter-body.ts'
import type { Schedule } from '#lib/runtime/schedule.ts'
import { SESSION_ID_BYTES } from '#lib/ticket/grant.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import { type StoredLetter, storeLetters } from '../../clients/letters/store-letters.ts'
import { markLetters, writeLetters } from '../../clients/letters/write-letters.ts'
import { DurableStreams } from '../../clients/messenger/durable-streams.ts'
import type { MessageLog } from '../../clients/store/log/message-log.ts'
import { isUsed } from '../../clients/store/rows/letter-state.ts'
import type { Store } from '../../clients/store/store.ts'
import { Crash, crashingDatabase, type ShouldCrash } from '../support/crashing-database.ts'
import { permitReceiving } from '../support/permits.ts'
import { admissionOf, issueTicket } from './admission.ts'
import { answer, call } from './handshake.ts'
import type { ConnectionEnd, Packet } from './network.ts'
import type { ConnectionOwner, ProcessOwner } from './owners.ts'
import type { World } from './world.ts'

/** The session of whoever receives letters: there is one. */
const SESSION_ID = new Uint8Array(SESSION_ID_BYTES)

/** The longest time before a process calls again, in milliseconds. */
const LONGEST_BACKOFF_MS = 30_000

/** The longest time until the services answer, in milliseconds. */
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

  /** Start the process. @throws Crash if it dies while it opens its store. */
  constructor(endpoint: ProcessOwner) {
    const { world, name, identity } = endpoint
    this.endpoint = endpoint
    this.admission = admissionOf(world, name, identity)
    this.#store = endpoint.openStore((database) => crashingDatabase(database, this.#shouldCrash()))
    this.messageLog = endpoint.messageLogOf(this.#store)
    // The getter loads them.
    void this.messageLog.streams
    this.streams = new DurableStreams({
      messageLog: this.messageLog,
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

  #shouldCrash(): ShouldCrash {
    const { world } = this
    let left = Math.ceil(world.random.wait(world.faults.writesToCrash))
    return (step) => {
      left -= 1
      if (left > 0 || world.isFaultFree) return false
      world.counters.crashes[step] += 1
      world.note(`${this.name} dies at ${step}`)
      this.die()
      return true
    }
  }

  /** Run some code of the process, which may die in it. */
  run(work: () => void): void {
    if (!this.#isAlive) return
    try {
      work()
    } catch (error) {
      if (!(error instanceof Crash)) throw error
    }
  }

  /** Schedule for the code that ships, in simulated time. */
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

  /** Die: no code of the process runs from now on, whatever is still scheduled. */
  die(): void {
    const { random, faults } = this.world
    this.#isAlive = false
    for (const link of this.#links) link.drop(!random.chance(faults.silentCuts))
    this.#links.clear()
    this.endpoint.lose()
  }

  /** Release a connection whose session has ended. */
  release(connection: ConnectionEnd): void {
    this.#links.delete(connection)
  }

  /** Read after a while what came, and report it to the peer. */
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

  /** Send what was appended to the store, over the current conversation or a new one. */
  sendAppended(): void {
    this.streams.takeAppended()
    this.dial()
  }

  /** Post and collect from time to time, while no conversation is open. */
  mailLater(): void {
    const { world } = this
    const { random, faults } = world
    if (faults.letterEveryMs === Number.POSITIVE_INFINITY) return
    this.after(random.wait(faults.letterEveryMs), () => {
      this.mailLater()
      if (this.streams.conversation === undefined) this.#collect()
      // Whoever goes before they have answered does so when they come back.
      if (world.isByLetterAlone && random.chance(0.5)) return this.die()
      if (this.streams.conversation === undefined) this.#post()
    })
  }

  #post(): void {
    const { world, messageLog, endpoint } = this
    const { mailbox } = endpoint.peer
    if (!mailbox.hasRoom) return
    void this.streams.pair
    messageLog.takeAppended()
    const [letter] = writeLetters(this.#store, [{ messageLog, sessionId: SESSION_ID }])
    if (letter === undefined || isSottoError(letter)) throw letter
    if (letter.count === 0 && !messageLog.letters.isAnswerDue(0)) return
    const untilMs = world.timeline.clocks().nowMs + LETTER_LIFETIME_MS
    const [ticketId, prekeyId] = [world.random.bytes(16), world.random.bytes(16)]
    // Under way it is out of reach of whoever dies here.
    const body = parseLetterBody(letter.body)
    world.timeline.after(world.random.fraction() * world.faults.delayMs, () => {
      mailbox.put({ ticketId, prekeyId, untilMs, body })
      this.run(() => markLetters(this.#store, [{ messageLog, letter, sessionId: SESSION_ID, untilMs }]))
    })
  }

  #collect(): void {
    const { world, messageLog, endpoint } = this
    void this.streams.pair
    for (const letter of endpoint.mailbox.collect()) {
      if (isUsed(this.#store.letterState(), letter.ticketId)) {
        endpoint.mailbox.remove(letter)
        continue
      }
      const permission = permitReceiving(endpoint.peer.name, endpoint.peer.identity.publicKey)
      const { nowMs } = world.timeline.clocks()
      const [stored] = storeLetters(this.#store, [{ ...letter, messageLog, permission }], nowMs)
      const { isEarly, fresh, hasProgress } = stored as StoredLetter
      if (hasProgress) endpoint.receiveAcknowledgement(this.streams.progress.delivered)
      if (isEarly) continue
      endpoint.mailbox.remove(letter)
      if (fresh.length === 0) continue
      world.counters.usefulLetters += 1
      endpoint.show(fresh)
      this.readLater()
    }
  }

  /** Call the peer after a backoff, if messages wait and no conversation is open. */
  dial(): void {
    if (
      this.world.isByLetterAlone ||
      this.#isDialling ||
      this.streams.conversation !== undefined ||
      !this.streams.hasMore
    )
      return
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

  /** Answer the first packet of a connection. */
  answer(link: ConnectionEnd, packet: Packet): void {
    this.run(() => answer(this, link, packet))
  }

  /** Hold a connection until it is released, or dropped when the process dies. */
  hold(link: ConnectionEnd): void {
    this.#links.add(link)
  }

  /** Count and note a handshake that was refused. */
  refuse({ code }: SottoError): void {
    this.world.counters.refusals += 1
    this.world.note(`${this.name} refuses ${code}`)
  }

  /** Ask the services for a channel, which renews its keys. */
  async askServices(task: 'askForTicket' | 'tryServices'): Promise<ServicesAnswer> {
    const { world, endpoint } = this
    await new Promise<void>((resolve) => this.after(world.random.fraction() * LONGEST_ANSWER_MS, resolve))
    if (world.random.chance(world.faults.outages)) return { $case: 'unreachable' }
    if (task === 'tryServices') return { $case: 'reachable' }
    const host = endpoint.peer.process?.admission
    return host === undefined ? { $case: 'absent' } : { $case: 'issued', issued: issueTicket(world, endpoint, host) }
  }
}
