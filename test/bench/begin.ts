/** Which way to begin breaks less: with a head start for addresses on the relay, or at the relay at once and moved from there. */
import { setTimeout } from 'node:timers/promises'
import type { MessengerUnderTest, MessengerUnderTestOptions } from '../support/running-messenger.ts'
import { signUpAll, startServices } from './actors/people.ts'
import { ROUND_TRIP_MS, SwitchedPeople, type Way } from './begin/switched-people.ts'
import type { Bench, Case, Context } from './framework/bench.ts'

/** How many conversations a sample has, how many texts each, and how long after an acknowledgement the next is said. */
const [CONVERSATIONS, TEXTS, PAUSE_MS] = [10, 20, 5]

/** How long after one conversation the next begins, in milliseconds. */
const SPREAD_MS = 50

/** When the relay is killed, from the beginning of the first conversation, in milliseconds. */
const RELAY_DIES_MS = 300

interface Beginning {
  readonly how: string
  readonly options: MessengerUnderTestOptions
}

/** The ways to begin: the usual one, with a head start for addresses, and with none, moved at once. */
const BEGINNINGS: readonly Beginning[] = [
  { how: 'raced', options: {} },
  { how: 'at the relay, and moved', options: { staggerMs: 0, moveBackoff: { firstMs: 100, longestMs: 1_000 } } },
]

/** Who begins them all: of two, their keys say who calls first where a conversation has broken. */
const CALLER = 'caller'

interface Called {
  readonly who: string
  readonly way: Way
  readonly isRelayKilled?: boolean
}

/** Whom they begin with. */
const CALLED: readonly Called[] = [
  { who: 'who answers', way: 'answers' },
  { who: 'a silent address', way: 'silent' },
  { who: 'an address that refuses', way: 'refuses' },
  { who: 'an address that breaks off', way: 'dies' },
  { who: 'who answers, the relay killed', way: 'answers', isRelayKilled: true },
]

export const begin: Bench = {
  name: 'begin',
  rounds: 3,
  work: `${CONVERSATIONS} conversations of ${TEXTS} texts, one begun every ${SPREAD_MS} ms, to addresses ${ROUND_TRIP_MS} ms away there and back: the handshakes that it took, and the conversations that were cut`,
  async prepare(context) {
    const home = await context.folder('memory')
    if (home === undefined) return []
    const services = await startServices(context, { SOTTO_RELAY: 'on' })
    const names = Array.from({ length: context.amount(CONVERSATIONS) }, (_, number) => `called-${number}`)
    await signUpAll(services, home, [...names, CALLER])
    const people = await SwitchedPeople.start(context, home)
    const called = new Map<string, MessengerUnderTest>()
    for (const name of names) called.set(name, context.resources.use(await people.come(name)))
    const killRelay = async () => {
      await services.endService('relay', 'SIGKILL')
      await services.startService('relay')
    }
    {
      // The first conversation pins a key, which is no part of this.
      await using caller = await people.come(CALLER)
      await new Conversations(caller, called).begin()
    }
    const caseOf = ({ who, way, isRelayKilled = false }: Called, { how, options }: Beginning): Case => ({
      rows: [
        { case: `${who}; ${how}`, unit: 'handshakes' },
        { case: `${who}; ${how}: cut`, unit: 'conversations' },
      ],
      async measure() {
        people.turn(way)
        await using caller = await people.come(CALLER, options)
        await caller.until(() => names.every((name) => caller.messenger.isOnline(name)))
        const conversations = new Conversations(caller, called)
        if (!isRelayKilled) return await conversations.measure(context)
        const counts = await conversations.measure(context, killRelay)
        // Until all attend the relay again, by which alone they can be reached now.
        people.turn('silent')
        await conversations.begin()
        return counts
      },
    })
    return CALLED.flatMap((whom) => BEGINNINGS.map((beginning) => caseOf(whom, beginning)))
  },
}

/** How many handshakes somebody has begun. */
function hellosOf({ traced, profile }: MessengerUnderTest): number {
  const own = profile.login.account.username
  return traced.filter(({ message, from }) => message === 'Hello' && from === own).length
}

class Conversations {
  readonly #caller: MessengerUnderTest
  readonly #called: ReadonlyMap<string, MessengerUnderTest>

  constructor(caller: MessengerUnderTest, called: ReadonlyMap<string, MessengerUnderTest>) {
    this.#caller = caller
    this.#called = called
    // One for each conversation.
    caller.changes.setMaxListeners(called.size + 1)
  }

  /** Begin all, and end them. */
  async begin(): Promise<void> {
    await Promise.all([...this.#called.keys()].map((name) => this.#caller.deliver(name, 'hello')))
    await this.#end()
  }

  async #end(): Promise<void> {
    await Promise.all([...this.#called.keys()].map((name) => this.#caller.messenger.peer(name).goodbye()))
  }

  /** Have the conversations, with something that happens meanwhile. @returns the samples of both rows. */
  async measure({ amount }: Pick<Context, 'amount'>, meanwhile = async () => {}): Promise<readonly number[]> {
    const everybody = [this.#caller, ...this.#called.values()]
    for (const { traced, parted } of everybody) {
      traced.length = 0
      parted.length = 0
    }
    const happening = setTimeout(RELAY_DIES_MS).then(meanwhile)
    await Promise.all([...this.#called.keys()].map((name, index) => this.#talk(name, index, amount(TEXTS))))
    await happening
    const counts = [
      everybody.reduce((sum, person) => sum + hellosOf(person), 0),
      this.#caller.parted.filter((how) => how === 'cut').length,
    ]
    await this.#end()
    return counts
  }

  /** Say texts, each once the one before is acknowledged. */
  async #talk(name: string, index: number, texts: number): Promise<void> {
    await setTimeout(index * SPREAD_MS)
    for (let text = 0; text < texts; text += 1) {
      await this.#caller.deliver(name, `text ${text}`)
      await setTimeout(PAUSE_MS)
    }
  }
}
