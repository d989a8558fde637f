/**
 * One run of a program: from its start, over the store as it lies on the disk, to its death at some write.
 *
 * @module
 */
import { startConversation } from '#lib/channel/initiator.ts'
import type { ServicesWord } from '#lib/channel/renewal-role.ts'
import { RenewingChannel } from '#lib/channel/renewing-channel.ts'
import { type Admission, acceptHello } from '#lib/channel/responder.ts'
import { parseRecordBody } from '#lib/delivery/record-body.ts'
import { isSottoError } from '#lib/errors.ts'
import type { Mailbox } from '../clients/store/mailbox.ts'
import { Crash, crashingDatabase, type Fate } from '../test/support/crashing-database.ts'
import { admissionOf, grantOf } from './admission.ts'
import { Connection, type ConnectionEnd, type Parcel } from './network.ts'
import type { Person } from './person.ts'
import { Talk } from './talk.ts'
import type { World } from './world.ts'

/** How long a caller waits for the Welcome and a host for the first record, in milliseconds. */
const GREETING_TIMEOUT_MS = 10_000
const LONGEST_BACKOFF_MS = 30_000

export class Program {
  readonly person: Person
  readonly mailbox: Mailbox
  readonly admission: Admission
  #isAlive = true
  #talk: Talk | undefined
  readonly #links = new Set<ConnectionEnd>()
  #isDialling = false
  #failures = 0

  /** @throws Crash if it dies while it opens its store. */
  constructor(person: Person) {
    const { world, name, identity } = person
    this.person = person
    this.admission = admissionOf(world, name, identity)
    this.mailbox = person.openMailbox((database) => crashingDatabase(database, this.#fate()))
    // Asked for, so that they are loaded.
    void this.mailbox.streams
  }

  get name(): string {
    return this.person.name
  }

  get world(): World {
    return this.person.world
  }

  get talk(): Talk | undefined {
    return this.#talk
  }

  #fate(): Fate {
    const { world } = this
    let left = Math.ceil(world.random.wait(world.weather.lifeMoments))
    return (moment) => {
      left -= 1
      if (left > 0 || world.isCalm) return false
      world.counters.crashes[moment] += 1
      world.note(`${this.name} dies at ${moment}`)
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
      this.#die()
    }
  }

  after(milliseconds: number, work: () => void): void {
    if (milliseconds !== Number.POSITIVE_INFINITY) this.world.timeline.after(milliseconds, () => this.run(work))
  }

  #die(): void {
    const { random, weather } = this.world
    this.#isAlive = false
    for (const link of this.#links) link.drop(!random.chance(weather.silentCuts))
    this.#links.clear()
    this.person.bury()
  }

  attach(talk: Talk): void {
    this.#talk?.settle()
    this.mailbox.streams.incoming?.forgetUnstored()
    this.#talk = talk
    this.#failures = 0
  }

  detach(talk: Talk): void {
    if (this.#talk === talk) this.#talk = undefined
    this.dial()
  }

  /** Say what is new in the store, over the conversation that there is or a new one. */
  sayAppended(): void {
    this.mailbox.takeAppended()
    this.#talk?.wake()
    this.dial()
  }

  /** Call the other side before long, if something waits and nothing is open. */
  dial(): void {
    if (this.#isDialling || this.#talk !== undefined || !this.#hasWaiting) return
    this.#isDialling = true
    const { random } = this.world
    const backoffMs = random.fraction() * Math.min(50 * 2 ** this.#failures, LONGEST_BACKOFF_MS)
    this.#failures += 1
    this.after(backoffMs, () => {
      if (this.#talk === undefined && this.person.peer.program !== undefined) this.#call()
      else this.#giveUp()
    })
  }

  get #hasWaiting(): boolean {
    return this.mailbox.streams.outgoing.unacknowledged > 0
  }

  #giveUp(): void {
    this.#isDialling = false
    this.dial()
  }

  #call(): void {
    const { world, person } = this
    const host = person.peer.program?.admission as Admission
    const { ticket, reply } = grantOf(world, person, host)
    const { identity, name: ownName, peer } = person
    const { hello, complete } = startConversation({
      identity,
      ownName,
      realm: world.realm,
      ticket,
      reply,
      random: world.random.bytes,
    })
    const connection = new Connection(world)
    const link = this.#hold(connection.caller, () => this.#giveUp())
    link.listen({
      ended: () => this.run(() => this.#letGo(link, () => this.#giveUp())),
      take: (parcel) => {
        this.run(() => {
          if (parcel.is !== 'welcome') return
          const channel = complete(parcel.welcome)
          world.counters.handshakes += 1
          this.#links.add(link)
          const ends = {
            identity,
            ownName,
            peerName: peer.name,
            peerIdentityKey: peer.identity.publicKey,
            realm: world.realm,
          }
          const role = { opener: { ends, kid: reply.receiverKid, random: world.random.bytes } }
          this.#isDialling = false
          this.#begin(
            link,
            new RenewingChannel({ channel, role, ...this.#channelOptions(reply.longestSessionMs) }),
            true,
          )
        })
      },
    })
    peer.answer(connection.host)
    link.send({ is: 'hello', hello })
  }

  #begin(
    link: ConnectionEnd,
    channel: RenewingChannel,
    opener: boolean,
    first?: ReturnType<typeof parseRecordBody>,
  ): void {
    this.#begun.add(link)
    new Talk({ program: this, opener, channel, link }, first)
  }

  readonly #begun = new WeakSet<ConnectionEnd>()

  #channelOptions(longestSessionMs: number) {
    return { longestSessionMs, times: this.world.weather.times, nowMs: this.world.timeline.monotonicMs() }
  }

  /** Hold a connection that waits for its greeting, and drop it if that does not come. */
  #hold(link: ConnectionEnd, onLate: () => void): ConnectionEnd {
    this.#links.add(link)
    this.after(GREETING_TIMEOUT_MS, () => {
      if (!this.#begun.has(link) && this.#links.has(link)) this.#letGo(link, onLate)
    })
    return link
  }

  #letGo(link: ConnectionEnd, then: () => void = () => {}): void {
    this.#links.delete(link)
    link.drop()
    then()
  }

  /** Take a Hello, and the record that confirms it. */
  answer(link: ConnectionEnd, parcel: Parcel): void {
    this.run(() => {
      this.#hold(link, () => {})
      this.#orRefuse(link, () => {
        if (parcel.is !== 'hello') throw new TypeError('a connection begins with a Hello')
        const { random, timeline } = this.world
        const { hello } = parcel
        const { ticket, welcome, channel } = acceptHello({
          hello,
          ...this.admission,
          ...timeline.clocks(),
          random: random.bytes,
        })
        link.send({ is: 'welcome', welcome })
        link.listen({
          ended: () => this.run(() => this.#letGo(link)),
          take: (next) => {
            this.run(() => {
              this.#orRefuse(link, () => {
                if (next.is !== 'record') return this.#letGo(link)
                const first = parseRecordBody(channel.open(next.record))
                if (first.control?.$case !== 'resume') return this.#letGo(link)
                const { identity, name: ownName, peer, world } = this.person
                const ends = {
                  identity,
                  ownName,
                  peerName: peer.name,
                  peerIdentityKey: peer.identity.publicKey,
                  realm: world.realm,
                }
                const role = { host: { ends, admission: this.admission, random: random.bytes } }
                const options = { channel, role, ...this.#channelOptions(ticket.longestSessionMs) }
                this.#begin(link, new RenewingChannel(options), false, first)
              })
            })
          },
        })
      })
    })
  }

  #orRefuse(link: ConnectionEnd, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isSottoError(error)) throw error
      this.world.counters.refusals += 1
      this.world.note(`${this.name} refuses ${error.code}`)
      this.#letGo(link)
    }
  }

  /** What the services say to a question of a channel's. */
  askServices(task: 'askForTicket' | 'tryServices'): ServicesWord {
    const { world, person } = this
    if (world.random.chance(world.weather.outages)) return { $case: 'unreachable' }
    if (task === 'tryServices') return { $case: 'reachable' }
    const host = person.peer.program?.admission
    return host === undefined ? { $case: 'absent' } : { $case: 'granted', granted: grantOf(world, person, host) }
  }
}
