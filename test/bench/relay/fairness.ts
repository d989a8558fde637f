/**
 * What a pair notices of another one at the same relay, which takes all it can and has the quota that a host gives.
 *
 * @module
 */
import { constants, setPriority } from 'node:os'
import type { JoinedCallsRequests } from '../actors/joined-calls.ts'
import { type Pair, signUpAll, startPair, startServices } from '../actors/people.ts'
import { Actor } from '../framework/actor.ts'
import type { Case, Context } from '../framework/bench.ts'
import { quantile } from '../framework/statistics.ts'

/** How long a sample takes, in seconds, and how many texts a second the pair says meanwhile. */
const [SECONDS, PER_SECOND] = [2, 75]

/** The greedy ones take all they can a little longer, in milliseconds, so that none of the texts is alone. */
const LONGER_MS = 200

/** What a record of a flood has, in bytes: nearly the most, and next to nothing. */
const [LARGE_BYTES, SMALL_BYTES] = [60_000, 100]

const ALONE = 'a text of a pair, alone, 99 %'
const beside = (what: string) => `a text of a pair, beside ${what}, 99 %`
const BESIDE_DIRECT = beside('one that writes all it can directly')
const FLOODERS = ['flood-alice', 'flood-bob'] as const

/** Who is greedy has a lower priority: it is the relay that is to be fair, and not how few cores so many programs share. */
const giveWay = (pid: number) => setPriority(pid, constants.priority.PRIORITY_LOW)

export async function fairCases(context: Context, home: string): Promise<Case[]> {
  const services = await startServices(context, { SOTTO_RELAY: 'on' })
  await signUpAll(services, home, FLOODERS)
  const flood = context.resources.use(await Actor.start<JoinedCallsRequests>('actors/joined-calls.ts', home))
  giveWay(flood.pid)
  const startGreedy = async (reach: 'direct' | 'relay') => {
    const pair = await startPair(context, services, { home, prefix: `greedy-${reach}`, reach })
    for (const { pid } of [pair.sender, pair.receiver]) giveWay(pid)
    return pair
  }
  const [relayed, direct] = [await startGreedy('relay'), await startGreedy('direct')]
  const calm = await startPair(context, services, { home, prefix: 'calm', reach: 'relay' })
  const seconds = context.amount(SECONDS)
  const ms = seconds * 1_000 + LONGER_MS

  const tail = async (): Promise<number> => {
    await calm.receiver.ask('begin', Number.POSITIVE_INFINITY)
    await calm.sender.ask('sendPaced', seconds * PER_SECOND, PER_SECOND)
    await calm.sender.ask('acknowledged')
    return quantile(await calm.receiver.ask('delays'), 0.99) / 1_000
  }
  const tailBeside = async (greedy: () => Promise<unknown>): Promise<readonly number[]> => {
    const taking = greedy()
    const tailMs = await tail()
    await taking
    return [tailMs]
  }
  const writing = (pair: Pair) => async () => {
    await pair.sender.ask('sendFor', ms)
    await pair.sender.ask('acknowledged')
  }
  const flooding = (bytes: number) => () => flood.ask('flood', ...FLOODERS, bytes, ms)
  const caseOf = (what: string, greedy: () => Promise<unknown>, other?: string): Case => ({
    rows: [{ case: beside(what), unit: 'ms', against: [{ to: ALONE, atMost: 2 }, ...(other ? [{ to: other }] : [])] }],
    measure: () => tailBeside(greedy),
  })
  return [
    { rows: [{ case: ALONE, unit: 'ms' }], measure: async () => [await tail()] },
    caseOf('a flood of large records', flooding(LARGE_BYTES)),
    caseOf('a flood of small records', flooding(SMALL_BYTES)),
    caseOf('one that writes all it can', writing(relayed), BESIDE_DIRECT),
    { rows: [{ case: BESIDE_DIRECT, unit: 'ms' }], measure: () => tailBeside(writing(direct)) },
  ]
}
