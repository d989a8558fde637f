/** How fast letters go: to people who are away, and from their mailboxes when they come. */
import { signUpAll, startServices } from './actors/people.ts'
import type { WritersRequests } from './actors/writers.ts'
import { Actor } from './framework/actor.ts'
import type { Bench } from './framework/bench.ts'
import { ECHO, ECHO_BYTES, startEcho } from './references/start-echo.ts'

/** How many letters a sample has, how many people write them, and how many they are for. */
const [LETTERS, SENDERS, RECEIVERS] = [1_000, 20, 20]

/** How many calls of the echo a sample has. */
const CALLS = 4_000

const ECHOES = `${ECHO}, ${SENDERS} at once`

export const letter: Bench = {
  name: 'letter',
  work: `${LETTERS.toLocaleString('en')} letters of a text of 100 bytes each, of ${SENDERS} people to ${RECEIVERS}, until the last is stored by its receiver: ticket, prekey, seal, post, collect; SQLite, profiles on disk`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const services = await startServices(context, { SOTTO_RELAY: 'on' })
    const named = (side: string, count: number) => Array.from({ length: count }, (_, number) => `${side}-${number}`)
    const [senders, receivers] = [named('writer', SENDERS), named('reader', RECEIVERS)]
    context.note(`signing up ${SENDERS + RECEIVERS} people`)
    await signUpAll(services, home, [...senders, ...receivers])
    const start = async (names: readonly string[]) =>
      context.resources.use(await Actor.start<WritersRequests>('actors/writers.ts', home, ...names))
    const [writers, readers] = [await start(senders), await start(receivers)]
    const echo = await startEcho(context, services)
    const each = Math.ceil(context.amount(LETTERS) / SENDERS)
    const letters = each * SENDERS
    const calls = context.amount(CALLS)
    const rate = (ms: number) => (letters * 1_000) / ms
    return [
      {
        rows: [
          { case: 'posted and collected', unit: 'letters/s', against: [{ to: ECHOES }], bar: { atLeast: 300 } },
          { case: 'posted', unit: 'letters/s' },
          { case: 'collected', unit: 'letters/s' },
        ],
        async measure() {
          await readers.ask('prepare')
          const postedMs = await writers.ask('post', each, receivers)
          const { ms, texts } = await readers.ask('collect')
          if (texts !== letters) throw new Error(`of ${letters} letters ${texts} texts came`)
          return [rate(postedMs + ms), rate(postedMs), rate(ms)]
        },
      },
      {
        rows: [{ case: ECHOES, unit: 'calls/s' }],
        async measure() {
          const beganMs = performance.now()
          await echo.ask('echo', calls, SENDERS, ECHO_BYTES)
          return [(calls * 1_000) / (performance.now() - beganMs)]
        },
      },
    ]
  },
}
