/**
 * A contact of alice's, called bob, whose identity key changes: because the account was replaced, or because Auth lies.
 * Whatever either of them sends and receives is noted, and compared with the keys that alice had pinned.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { isSottoError } from '#lib/errors.ts'
import type { KeyPair } from '#lib/noise/primitives.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { Output } from '../../clients/command/output.ts'
import type { Running } from '../../clients/command/run-command.ts'
import { noteMismatch, pinIn, setBlocked, trust, verify } from '../../clients/profile/pins.ts'
import { Profile } from '../../clients/profile/profile.ts'
import { Sending } from '../../clients/sender/sending.ts'
import { ServerClock } from '../../clients/session/server-clock.ts'
import type { Store } from '../../clients/store/store.ts'
import { CapturedStream } from './captured-stream.ts'
import { textOf } from './event-text.ts'
import { offered } from './file-events.ts'
import { LyingServices } from './lying-services.ts'
import { keyPairOf } from './random.ts'
import { MessengerUnderTest } from './running-messenger.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

/** The installations that use the name bob. */
export const BOBS = ['bob-1', 'bob-2', 'bob-3'] as const
export type Bob = (typeof BOBS)[number]

const KEYS = new Map<string, KeyPair>(BOBS.map((bob) => [bob, keyPairOf(`identity of ${bob}`)]))

/** The key pair of alice, the lowest of many, as whoever has the lower key calls at once. */
const ALICE = lowest(Array.from({ length: 64 }, (_, n) => keyPairOf(`identity ${n} of alice`)))

/** The process in which alice does something: that of her messenger, or another. */
export type Place = 'here' | 'elsewhere'

/** A message or an offer that alice sent, and the bob whose key was pinned then. */
interface Sent {
  readonly text: string
  readonly to: Bob | undefined
  readonly isOffer: boolean
}

export class ChangingContact implements AsyncDisposable {
  /** The violations so far, in words. */
  readonly violations: string[] = []
  readonly #home: TemporaryFolder
  readonly #services: LyingServices
  readonly #sent: Sent[] = []
  /** The messages and offers that each bob has received and sent; offers by name, whatever became of them. */
  readonly #receivedBy = new Map<string, string[]>(BOBS.map((bob) => [bob, []]))
  readonly #offeredTo = new Map<string, Set<string>>(BOBS.map((bob) => [bob, new Set()]))
  readonly #sentBy = new Map<string, string[]>(BOBS.map((bob) => [bob, []]))
  readonly #bobs = new Map<Bob, MessengerUnderTest>()
  #alice: MessengerUnderTest | undefined
  /** The bob whose key was pinned first. */
  #first: Bob | undefined
  #count = 0

  static async begin(authorityPem: string): Promise<ChangingContact> {
    const home = await temporaryFolder()
    const services = new LyingServices(authorityPem)
    await services.enrol(home.path, { name: 'alice', username: 'alice', identity: ALICE })
    for (const [name, identity] of KEYS) await services.enrol(home.path, { name, username: 'bob', identity })
    services.claim('alice', { profile: 'alice', identityKey: ALICE.publicKey })
    services.claim('bob', { profile: 'bob-1', identityKey: publicKeyOf('bob-1') })
    const contact = new ChangingContact(home, services)
    await contact.aliceGoesOnline()
    return contact
  }

  private constructor(home: TemporaryFolder, services: LyingServices) {
    this.#home = home
    this.#services = services
  }

  async #start(name: string, onChange: (person: MessengerUnderTest) => void): Promise<MessengerUnderTest> {
    const directoryFor = (profile: Profile) => this.#services.directoryFor(profile)
    const person = await MessengerUnderTest.start({ home: this.#home }, name, { directoryFor })
    person.changes.on('change', () => onChange(person))
    onChange(person)
    return person
  }

  async aliceGoesOnline(): Promise<void> {
    this.#alice ??= await this.#start('alice', (person) => this.#checkShown(person))
  }

  async aliceGoesOffline(): Promise<void> {
    await this.#alice?.[Symbol.asyncDispose]()
    this.#alice = undefined
  }

  #checkShown({ received, profile }: MessengerUnderTest): void {
    this.#noteFirstPin(profile)
    for (const text of received.splice(0)) {
      const from = BOBS.find((bob) => text.startsWith(`bob: of ${bob} `))
      const { pins, blocked } = profile.state
      if (pins.get('bob')?.mismatchAtMs !== undefined) this.violations.push(`shown in spite of a mismatch: ${text}`)
      if (from !== bobOf(pins.get('bob')?.identityKey)) this.violations.push(`shown while not pinned: ${text}`)
      if (blocked.has('bob')) this.violations.push(`shown while blocked: ${text}`)
    }
  }

  /** Bring a bob online. The services then claim that this is bob. */
  async goesOnline(bob: Bob): Promise<void> {
    this.claims({ profile: bob, key: bob })
    if (this.#bobs.has(bob)) return
    const onChange = ({ received, files }: MessengerUnderTest) => {
      for (const text of received.splice(0)) if (text !== 'alice: ') this.#receivedBy.get(bob)?.push(text)
      for (const text of files.splice(0)) this.#offeredTo.get(bob)?.add(text.split(':')[0] ?? '')
    }
    this.#bobs.set(bob, await this.#start(bob, onChange))
  }

  async goesOffline(bob: Bob): Promise<void> {
    await this.#bobs.get(bob)?.[Symbol.asyncDispose]()
    this.#bobs.delete(bob)
  }

  /** Set what the services claim of bob from now on. */
  claims({ profile, key }: { readonly profile: Bob; readonly key: Bob }): void {
    this.#services.claim('bob', { profile, identityKey: publicKeyOf(key) })
  }

  /** Let alice enqueue a message in the chat. */
  async enqueues(): Promise<void> {
    const text = this.#next('text')
    const alice = this.#alice
    if (alice === undefined || !(await succeeds(alice.messenger.enqueue('bob', text)))) return
    this.#noteSent(text, alice.profile)
  }

  /** Let alice offer a file in the chat. */
  async offers(): Promise<void> {
    const name = this.#next('file')
    const alice = this.#alice
    const { kind } = offered({ [name]: 1 })
    if (alice === undefined || kind?.$case !== 'fileOffer') return
    const prepared = { offer: kind.value, path: '/nowhere' }
    if (await succeeds(alice.messenger.files.offer('bob', prepared))) this.#noteSent(name, alice.profile, true)
  }

  /** Let alice send a message from another process: a `sotto send`, with `--queue` or without. */
  async sends({ queue }: { readonly queue: boolean }): Promise<void> {
    const running = await this.#running()
    try {
      await succeeds(queue ? this.#queues(running) : this.#hands(running))
    } finally {
      await running.connect().then((directory) => directory.close())
    }
  }

  async #queues(running: Running): Promise<void> {
    const text = this.#next('queued')
    await using sending = await Sending.begin({ running, to: 'bob', redialMs: 0 })
    await sending.queueOnly([[{ body: Buffer.from(text) }]], noFiles())
    this.#noteSent(text, running.profile)
  }

  async #hands(running: Running): Promise<void> {
    const text = this.#next('sent')
    await using sending = await Sending.begin({ running, to: 'bob', redialMs: 0 })
    await sending.reach()
    const sent = sending.send([[{ body: Buffer.from(text) }]], noFiles())
    this.#noteSent(text, running.profile)
    sent.catch(() => undefined)
    // Where a messenger runs concurrently, the message is handed over at once, and its end need not be awaited.
    await Promise.race([sent, sending.lost, ...(this.#alice === undefined ? [] : [setImmediate()])])
  }

  async #running(): Promise<Running> {
    const profile = await this.#profileIn('elsewhere')
    const streams = { output: new CapturedStream(), errors: new CapturedStream() }
    const directory = this.#services.directoryFor(profile)
    return {
      profile,
      ...profile.login,
      clock: new ServerClock(systemClock, 0),
      output: new Output({ ...streams, trace: false, json: false, bottomLine: undefined, untraced: undefined }),
      connect: async () => directory,
      channelTimes: {},
      prompt: undefined,
      signal: new AbortController().signal,
    }
  }

  #next(kind: string): string {
    this.#count += 1
    return `${kind} ${this.#count}`
  }

  #noteSent(text: string, { state }: Profile, isOffer = false): void {
    this.#sent.push({ text, to: bobOf(state.pins.get('bob')?.identityKey), isOffer })
  }

  /** Let a bob send a message, whatever alice thinks of their key. */
  async answers(bob: Bob): Promise<void> {
    const text = this.#next(`of ${bob}`)
    const person = this.#bobs.get(bob)
    if (person === undefined || !(await succeeds(person.messenger.enqueue('alice', text)))) return
    this.#sentBy.get(bob)?.push(text)
  }

  /** Let alice or a bob call the other. */
  async calls(who: Bob | 'alice'): Promise<void> {
    const [person, name] = who === 'alice' ? [this.#alice, 'bob'] : [this.#bobs.get(who), 'alice']
    if (person !== undefined) await succeeds(person.messenger.open(name))
  }

  async trusts(place: Place): Promise<void> {
    const profile = await this.#profileIn(place)
    await succeeds(trust(profile, 'bob', new Date()))
  }

  async verifies(place: Place): Promise<void> {
    const profile = await this.#profileIn(place)
    await succeeds(
      (async () => {
        const { identityKey, changedTo } = pinIn(profile.state, 'bob')
        await verify(profile, 'bob', changedTo ?? identityKey, new Date())
      })(),
    )
  }

  /** Alice finds that the two see different safety numbers. */
  async finds(place: Place): Promise<void> {
    await succeeds(noteMismatch(await this.#profileIn(place), 'bob', new Date()))
  }

  async blocks(place: Place, isBlocked: boolean): Promise<void> {
    await setBlocked(await this.#profileIn(place), 'bob', isBlocked)
  }

  async #profileIn(place: Place): Promise<Profile> {
    const profile =
      place === 'here' && this.#alice !== undefined ? this.#alice.profile : await Profile.open(this.#home.path, 'alice')
    this.#noteFirstPin(profile)
    return profile
  }

  #noteFirstPin({ state }: Profile): void {
    this.#first ??= bobOf(state.pins.get('bob')?.identityKey)
  }

  /**
   * Bring alice online with the bob who is pinned now, or the first where nobody is, and let the services tell the
   * truth.
   *
   * @returns When all that the two have sent each other is received.
   */
  async settle(): Promise<void> {
    await this.blocks('elsewhere', false)
    await this.verifies('elsewhere')
    await this.aliceGoesOnline()
    const alice = this.#alice as MessengerUnderTest
    const deadline = AbortSignal.timeout(SETTLE_TIMEOUT_MS)
    for (;;) {
      // A first call that is under way may still pin another bob.
      const bob = bobOf((await alice.profile.refresh()).pins.get('bob')?.identityKey) ?? 'bob-1'
      await this.goesOnline(bob)
      const persons = [alice, this.#bobs.get(bob) as MessengerUnderTest]
      const news = new Promise<void>((resolve) => {
        for (const { changes } of persons) changes.once('change', resolve)
        deadline.addEventListener('abort', () => resolve())
      })
      if (deadline.aborted || (await this.#isSettledWith(bob, alice))) return await this.#compare(bob, alice)
      await succeeds(alice.messenger.open('bob'))
      await news
    }
  }

  async #isSettledWith(bob: Bob, { store }: MessengerUnderTest): Promise<boolean> {
    const received = (this.#receivedBy.get(bob)?.length ?? 0) + (this.#offeredTo.get(bob)?.size ?? 0)
    if (received < this.#sentTo(bob).length) return false
    return (await receivedFrom(bob, store)).length >= (this.#sentBy.get(bob)?.length ?? 0)
  }

  #sentTo(bob: Bob): readonly Sent[] {
    return this.#sent.filter(({ to }) => (to ?? this.#first) === bob)
  }

  async #compare(settled: Bob, { store }: MessengerUnderTest): Promise<void> {
    for (const bob of BOBS) {
      const isAll = bob === settled
      const texts = this.#sentTo(bob).filter(({ isOffer }) => !isOffer)
      const expected = texts.map(({ text }) => `alice: ${text}`)
      this.#compareLists(`${bob} received`, this.#receivedBy.get(bob), expected, isAll)
      this.#compareLists(`alice received from ${bob}`, await receivedFrom(bob, store), this.#sentBy.get(bob), isAll)
      const offers = new Set(this.#sentTo(bob).flatMap(({ text, isOffer }) => (isOffer ? [text] : [])))
      const strange = this.#offeredTo.get(bob)?.difference(offers) ?? new Set()
      if (strange.size > 0) this.violations.push(`${bob} was offered what was for another: ${[...strange]}`)
    }
  }

  /** Check that what was received is a beginning of what was sent, or all of it. */
  #compareLists(what: string, received: readonly string[] = [], sent: readonly string[] = [], isAll: boolean): void {
    const expected = isAll ? sent : sent.slice(0, received.length)
    if (expected.join('\n') === received.join('\n')) return
    this.violations.push(`${what} [${received.join(', ')}] of [${sent.join(', ')}]`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.aliceGoesOffline()
    for (const bob of BOBS) await this.goesOffline(bob)
    await this.#home[Symbol.asyncDispose]()
  }
}

/** The time for all to be received, in milliseconds: the head start that one side leaves to the other, a few times. */
const SETTLE_TIMEOUT_MS = 8_000

/** Whether something succeeds. It may fail with a SottoError, and with nothing else. */
async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise
    return true
  } catch (error) {
    if (isSottoError(error)) return false
    throw error
  }
}

async function* noFiles(): AsyncGenerator<never> {}

/** The texts of a bob that alice has stored, by whichever of her processes. */
async function receivedFrom(bob: Bob, store: Store): Promise<string[]> {
  const texts: string[] = []
  for await (const message of store.messages(store.names())) {
    const isOfBob = message.kind === 'message' && message.direction === 'incoming' && bobOf(message.identityKey) === bob
    if (isOfBob) texts.push(textOf(message.event))
  }
  return texts
}

function publicKeyOf(bob: Bob): Uint8Array {
  return (KEYS.get(bob) as KeyPair).publicKey
}

function bobOf(identityKey: Uint8Array | undefined): Bob | undefined {
  return BOBS.find((bob) => identityKey !== undefined && Buffer.compare(publicKeyOf(bob), identityKey) === 0)
}

function lowest(pairs: readonly KeyPair[]): KeyPair {
  return pairs.reduce((low, pair) => (Buffer.compare(pair.publicKey, low.publicKey) < 0 ? pair : low))
}
