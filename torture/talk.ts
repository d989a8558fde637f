/**
 * One conversation at one end: channel, delivery and mailbox, moved in the steps in which clients/peer/conversation.ts
 * and clients/messenger/stored-exchange.ts move them, but one at a time and in simulated time.
 *
 * @module
 */
import { CloseReason, type RecordBody } from '#gen/sotto/peer/v1/record.ts'
import type { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { Delivery } from '#lib/delivery/delivery.ts'
import { STREAM_ID_BYTES } from '#lib/delivery/limits.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import type { ConnectionEnd, Parcel, Receiver } from './network.ts'
import type { Program } from './program.ts'

export interface TalkOptions {
  readonly program: Program
  readonly opener: boolean
  readonly channel: RenewingChannel
  readonly link: ConnectionEnd
}

/** How long the other side has to answer a Close, in milliseconds. */
const CLOSE_PATIENCE_MS = 2_000

export class Talk implements Receiver {
  readonly #options: TalkOptions
  readonly #delivery: Delivery
  #isFlushing = false
  #isClosing = false
  #isOver = false

  constructor(options: TalkOptions, first?: RecordBody) {
    const { program, opener, link, channel } = options
    const { world, mailbox } = program
    this.#options = options
    program.attach(this)
    this.#delivery = new Delivery({
      opener,
      streams: mailbox.streams,
      drawStreamId: () => {
        world.counters.renewedStreams += 1
        return world.random.bytes(STREAM_ID_BYTES)
      },
    })
    link.listen(this)
    program.after(world.random.wait(world.weather.closeAfterMs), () => this.#close(CloseReason.SHUTDOWN))
    this.#sleep()
    this.wake()
    if (first !== undefined) this.#orFail(() => this.#take(first))
    channel.listen(this.#nowMs)
  }

  get #nowMs(): number {
    return this.#options.program.world.timeline.monotonicMs()
  }

  /** Say what there is to say, a record at a time; while the link is busy, more gathers. */
  wake(): void {
    if (this.#isFlushing || this.#isOver) return
    this.#isFlushing = true
    this.#options.program.after(0, () => this.#flush())
  }

  #flush(): void {
    if (this.#isOver) return
    const { program } = this.#options
    const { random, weather } = program.world
    let hasSaid = false
    this.#orFail(() => {
      hasSaid = this.#say()
    })
    this.#isFlushing = hasSaid
    if (hasSaid) program.after(random.fraction() * weather.takeMs, () => this.#flush())
  }

  /** Say the next record. Returns false if there is none. */
  #say(): boolean {
    const { channel, link, program } = this.#options
    const { world, mailbox, name } = program
    let said: Uint8Array | undefined
    const turn = channel.next(this.#nowMs, () => {
      said = this.#delivery.next()
      if (said !== undefined) mailbox.save()
      return said
    })
    if (turn === undefined) return false
    // What the channel says of itself holds randomness of node:crypto, which takes no seed.
    world.note(`${name} says ${turn.plaintext.length}`, said)
    world.counters.records += 1
    link.send({ is: 'record', record: turn.record })
    return true
  }

  take(parcel: Parcel): void {
    if (this.#isOver) return
    const { channel, program } = this.#options
    program.run(() => {
      this.#orFail(() => {
        if (parcel.is !== 'record') throw new SottoError('ERR_RECORD_MALFORMED', 'something else than a record came')
        this.#take(parseRecordBody(channel.open(parcel.record)))
        channel.listen(this.#nowMs)
      })
    })
  }

  #take(body: RecordBody): void {
    const { channel, program } = this.#options
    const { world, mailbox, name } = program
    world.note(`${name} hears ${body.firstSequence} ${body.events.length} ${body.acknowledged} ${body.control?.$case}`)
    if (channel.hear(body, world.timeline.clocks())) {
      this.#look()
      return
    }
    const { events, acknowledged, close } = this.#delivery.receive(body)
    if (body.part === undefined) world.counters.duplicates += body.events.length - events.length
    mailbox.save()
    if (acknowledged > 0) program.person.hearAcknowledged(mailbox.progress().delivered)
    this.wake()
    // What can no longer be acknowledged is not kept: it comes again in the next conversation.
    if (events.length > 0 && !this.#isClosing) {
      const fresh = mailbox.store(events)
      world.counters.duplicates += events.length - fresh.length
      program.person.show(fresh)
      program.talk?.wake()
    }
    if (close !== undefined) this.#hearClose()
  }

  #hearClose(): void {
    const { program } = this.#options
    this.#options.channel.stop()
    const { appended, delivered } = program.mailbox.progress()
    this.#delivery.close(appended === delivered ? CloseReason.DONE : CloseReason.SHUTDOWN)
    this.#drain()
    this.settle()
  }

  #drain(): void {
    while (this.#say());
  }

  #close(reason: CloseReason): void {
    const { channel, program } = this.#options
    if (this.#isOver || this.#isClosing) return
    this.#isClosing = true
    channel.stop()
    this.#delivery.close(reason)
    this.wake()
    program.after(CLOSE_PATIENCE_MS, () => this.settle())
  }

  ended(): void {
    this.#options.program.run(() => this.settle())
  }

  /** Another conversation takes its place, or it is over. */
  settle(): void {
    if (this.#isOver) return
    this.#isOver = true
    const { program, channel, link } = this.#options
    program.world.counters.renewals += this.#options.opener ? channel.renewals : 0
    channel.stop()
    link.drop()
    program.detach(this, link)
  }

  #orFail(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isSottoError(error)) throw error
      this.#fail(error)
    }
  }

  #fail(error: SottoError): void {
    const { program, link } = this.#options
    program.world.note(`${program.name} fails ${error.code}`)
    program.person.judge(error, link.isTampered)
    if (error.code === 'ERR_RECORD_MALFORMED' || error.code === 'ERR_STREAM_RENEWED') {
      this.#options.channel.stop()
      this.#delivery.close(error.code === 'ERR_STREAM_RENEWED' ? CloseReason.SHUTDOWN : CloseReason.PROTOCOL)
      this.#drain()
    }
    this.settle()
  }

  /** Do for the channel what is due, as clients/peer/channel-keeper.ts does. */
  #look(): void {
    if (this.#isOver || this.#isClosing) return
    const { channel, program } = this.#options
    const task = channel.advance(this.#nowMs)
    if (task === 'close') this.#close(CloseReason.EXPIRED)
    else if (task === 'cut') this.settle()
    else if (task !== undefined) {
      const delayMs = program.world.random.fraction() * 1_000
      program.after(delayMs, () => this.#learn(task))
    }
    this.wake()
    this.#sleep()
  }

  #learn(task: 'askForTicket' | 'tryServices'): void {
    if (this.#isOver || this.#isClosing) return
    const { channel, program } = this.#options
    const { timeline } = program.world
    this.#orFail(() => channel.learn(program.askServices(task), timeline.clocks()))
    this.#look()
  }

  #sleep(): void {
    const { channel, program } = this.#options
    program.after(Math.max(channel.dueAtMs(this.#nowMs) - this.#nowMs, 0), () => this.#look())
  }
}
