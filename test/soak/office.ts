/**
 * An office for an afternoon, speeded up: members chat in pairs and send each other files, come and go, sign out and
 * in, are cut off, and the directory is restarted meanwhile.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CHANNEL_TIMES, type ChannelTimes } from '#lib/channel/channel-times.ts'
import { Installation } from '../support/installation.ts'
import type { SeededRandom } from '../torture/random.ts'
import { Member } from './member.ts'
import { countDescriptors, countResources } from './vitals.ts'

/** How many times faster than life the office is: two hours take ten minutes. */
const SPEEDUP = 12

/** The shortest time that a round takes, in milliseconds: half a minute of the office's time. */
const ROUND_MS = 30_000 / SPEEDUP

const TIMES: Partial<ChannelTimes> = {
  renewEveryMs: CHANNEL_TIMES.renewEveryMs / SPEEDUP,
  renewRetryMs: CHANNEL_TIMES.renewRetryMs / SPEEDUP,
  pingAfterMs: CHANNEL_TIMES.pingAfterMs / SPEEDUP,
}

/** The size of the file that members send, in bytes. */
const DOCUMENT_BYTES = 2 * 1024 * 1024

/** How often each thing has happened so far. */
export interface Tally {
  messages: number
  files: number
  goodbyes: number
  cuts: number
  departures: number
  signIns: number
  restarts: number
}

export interface OfficeOptions {
  readonly names: readonly string[]
  readonly random: SeededRandom
}

export class Office implements AsyncDisposable {
  readonly tally: Tally = { messages: 0, files: 0, goodbyes: 0, cuts: 0, departures: 0, signIns: 0, restarts: 0 }
  readonly #installation: Installation
  readonly #members: Member[] = []
  readonly #random: SeededRandom

  static async open({ names, random }: OfficeOptions): Promise<Office> {
    const office = new Office(await Installation.start(), random)
    try {
      await writeFile(office.#document, randomBytes(DOCUMENT_BYTES))
      for (const name of names) {
        const member = await Member.join({ installation: office.#installation, name, times: TIMES })
        office.#members.push(member)
      }
      await office.rest()
    } catch (error) {
      await office[Symbol.asyncDispose]()
      throw error
    }
    return office
  }

  private constructor(installation: Installation, random: SeededRandom) {
    this.#installation = installation
    this.#random = random
  }

  /** Run half a minute of the office: messages between random pairs, and one disturbance. */
  async round(): Promise<void> {
    const pause = setTimeout(ROUND_MS)
    const conversations = Array.from({ length: this.#members.length }, () => this.#converse())
    await Promise.all([this.#disturb(), ...conversations])
    await pause
  }

  /** Send some messages from one member to another, and sometimes a file. */
  async #converse(): Promise<void> {
    const [sender, receiver] = this.#pair()
    if (!sender.isOnline) return
    if (this.#random.chance(0.1)) {
      await sender.offer(receiver.name, this.#document)
      this.tally.files += 1
    }
    const lines = this.#random.pick([1, 3, 40])
    for (let line = 0; line < lines && sender.isOnline; line += 1) {
      const length = this.#random.chance(0.01) ? 200_000 : this.#random.between(1, 200)
      await sender.send(receiver.name, 'x'.repeat(length))
      this.tally.messages += 1
    }
  }

  async #disturb(): Promise<void> {
    const { tally } = this
    const [member, other] = this.#pair()
    const chance = this.#random.fraction()
    if (chance < 0.35) {
      member.cut()
      tally.cuts += 1
    } else if (chance < 0.6) {
      await member.closeConversation(other.name)
      tally.goodbyes += 1
    } else if (chance < 0.8) await this.#depart(member)
    else if (chance < 0.95) await this.#signInAgain(member)
    else await this.#restart()
  }

  /** Whether a member stays online for the whole run, as half of them do, so that leaks of a messenger show. */
  #isStaying(member: Member): boolean {
    return this.#members.indexOf(member) < this.#members.length / 2
  }

  async #depart(member: Member): Promise<void> {
    if (this.#isStaying(member)) return
    if (member.isOnline) {
      await member.goOffline()
      this.tally.departures += 1
    } else await member.goOnline()
  }

  async #signInAgain(member: Member): Promise<void> {
    if (this.#isStaying(member)) return
    await member.signInAgain()
    await member.goOnline()
    this.tally.signIns += 1
  }

  async #restart(): Promise<void> {
    await this.#installation.stopDirectory()
    await this.#installation.startDirectory()
    this.tally.restarts += 1
  }

  /** The path of the file that members send. */
  get #document(): string {
    return join(this.#installation.home.path, 'document')
  }

  /** Choose two members at random. */
  #pair(): [Member, Member] {
    const one = this.#random.between(0, this.#members.length - 1)
    const other = (one + this.#random.between(1, this.#members.length - 1)) % this.#members.length
    return [this.#members[one] as Member, this.#members[other] as Member]
  }

  /** Come to rest, so that samples compare: all members are online, all is delivered, no conversation is open. */
  async rest(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.goOnline()))
    await Promise.all(this.#members.map((member) => member.untilDelivered()))
    for (const member of this.#members) {
      for (const { name } of this.#members) if (name !== member.name) await member.closeConversation(name)
    }
    await untilSteady(() => countDescriptors() + countResources())
  }

  /** How many messages all members together have received. */
  get received(): number {
    return this.#members.reduce((sum, { received }) => sum + received, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()))
    await this.#installation[Symbol.asyncDispose]()
  }
}

/** Wait until a number is steady for half a second, as connections take a moment to close; five seconds at most. */
async function untilSteady(count: () => number): Promise<void> {
  let known = count()
  for (let same = 0, polls = 0; same < 5 && polls < 50; polls += 1) {
    await setTimeout(100)
    const current = count()
    same = current === known ? same + 1 : 0
    known = current
  }
}
