/** How fast letters go: to people who are away, and from their mailboxes when they come. */
import { signUpAll, startServices } from './actors/people.ts'
import type { WritersRequests } from './actors/writers.ts'
import { Actor } from './framework/actor.ts'
import type { Bench } from './framework/bench.ts'
import { ECHO, ECHO_BYTES, startEcho } from './references/start-echo.ts'

/** How many letters a sample has, how many people write them, and how many they are for. */
const [LETTERS, SENDERS, RECEIVERS] = [1_000, 20, 20]

/** How many programs the people of a side run in, and how many people each has. */
const PROGRAMS = 4
const PEOPLE = SENDERS / PROGRAMS

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
    // People do not share a program: one of them would wait for the disk of another.
    const start = (names: readonly string[]) =>
      Promise.all(
        Array.from({ length: PROGRAMS }, async (_, number) => {
          const own = names.filter((_name, index) => index % PROGRAMS === number)
          return context.resources.use(await Actor.start<WritersRequests>('actors/writers.ts', home, ...own))
        }),
      )
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
          await Promise.all(readers.map((program) => program.ask('prepare')))
          const postings = writers.map((program, number) => program.ask('post', each, receivers, number * PEOPLE))
          const postedMs = Math.max(...(await Promise.all(postings)))
          const collected = await Promise.all(readers.map((program) => program.ask('collect')))
          const ms = Math.max(...collected.map((each) => each.ms))
          const texts = collected.reduce((sum, each) => sum + each.texts, 0)
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
