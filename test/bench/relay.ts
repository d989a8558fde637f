/** What it costs to talk through the relay: in texts, in time, in the relay's memory, and to others who do the same. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { Deployment } from '../support/deployment.ts'
import type { JoinedCallsRequests } from './actors/joined-calls.ts'
import { type Pair, signUpAll, startPair, startServices } from './actors/people.ts'
import { Actor } from './framework/actor.ts'
import type { Bench, Case, Context } from './framework/bench.ts'
import { carry, delaysOf, type Ends } from './framework/conversation.ts'
import { paced } from './framework/paced.ts'
import { median } from './framework/statistics.ts'
import type { HeldStreamsRequests } from './references/held-streams.ts'
import { canLookAtProcesses, residentMegabytes } from './references/memory.ts'
import { ECHO, ECHO_BYTES, startEcho } from './references/start-echo.ts'
import { beginningCases } from './relay/beginnings.ts'
import { fairCases } from './relay/fairness.ts'

/** How many texts a sample of the delay has, and how many a second are said. */
const [TEXTS, PER_SECOND] = [200, 200]

/** How many texts are said before, which are not counted. */
const SETTLING_TEXTS = 50

/** How many calls of the echo a sample has. */
const ECHOES = 500

/** How many calls are joined and carry nothing, and by how many accounts at each end: each may have 256. */
const [CALLS, ACCOUNTS] = [1_000, 8]

const DIRECT = 'directly'
const HELD = 'TLS streams of grpc-js, as many'

/** What the host may set is not to be what limits it. */
const WITHOUT_QUOTA = { SOTTO_RELAY: 'on', SOTTO_RELAY_BYTES_PER_SECOND: '1000000000000' }

export const relay: Bench = {
  name: 'relay',
  rounds: 3,
  work: `Texts of 100 bytes through the relay, in memory: as many as go, and ${PER_SECOND} a second; ${CALLS.toLocaleString('en')} joined calls that carry nothing; a pair beside others that take all they can, with the quota that a host has; conversations that begin, until the first text is acknowledged`,
  async prepare(context) {
    const home = await context.folder('memory')
    if (home === undefined) return []
    const services = await startServices(context, WITHOUT_QUOTA)
    const direct = await startPair(context, services, { home, prefix: 'direct', reach: 'direct' })
    const relayed = await startPair(context, services, { home, prefix: 'relayed', reach: 'relay' })
    return [
      ...ratesOf(context, { direct, relayed }),
      await delaysCase(context, services, { direct, relayed }),
      ...(await fairCases(context, home)),
      ...(await beginningCases(context, services, home)),
      ...(canLookAtProcesses(context) ? await memoryCases(context, home) : []),
    ]
  },
}

interface Ways {
  readonly direct: Pair
  readonly relayed: Pair
}

function ratesOf({ seconds }: Context, { direct, relayed }: Ways): Case[] {
  const caseOf = (row: Case['rows'][number], ends: Ends): Case => {
    const rate = paced((count) => carry(ends, count), { seconds })
    return { rows: [row], measure: async () => [await rate()] }
  }
  return [
    caseOf({ case: 'through the relay', unit: 'texts/s', against: [{ to: DIRECT, atLeast: 0.6 }] }, relayed),
    caseOf({ case: DIRECT, unit: 'texts/s' }, direct),
  ]
}

/** How long a text is under way. The relay's part is a difference, so all of it is measured in one go. */
async function delaysCase(context: Context, services: Deployment, { direct, relayed }: Ways): Promise<Case> {
  const echo = await startEcho(context, services)
  const [texts, echoes] = [context.amount(TEXTS), context.amount(ECHOES)]
  return {
    rows: [
      { case: 'a text through the relay, median', unit: 'µs' },
      { case: 'a text directly, median', unit: 'µs' },
      { case: 'what the relay adds, median', unit: 'µs', against: [{ to: ECHO, atMost: 1.5 }] },
      { case: ECHO, unit: 'µs' },
    ],
    async measure() {
      // Nobody is still busy with what was measured before.
      for (const { sender } of [relayed, direct]) await sender.ask('acknowledged')
      for (const ends of [relayed, direct]) await delaysOf(ends, SETTLING_TEXTS, PER_SECOND)
      const [through] = await delaysOf(relayed, texts, PER_SECOND)
      const [straight] = await delaysOf(direct, texts, PER_SECOND)
      const call = median(await echo.ask('echo', echoes, 1, ECHO_BYTES)) * 1_000
      return [through, straight, through - straight, call]
    },
  }
}

/** What calls cost the relay beyond their connections, which a server has that holds a stream over each. Once is enough. */
async function memoryCases(context: Context, home: string): Promise<Case[]> {
  const calls = Math.max(ACCOUNTS, context.amount(CALLS))
  const names = (side: string) => Array.from({ length: ACCOUNTS }, (_, number) => `joined-${side}-${number}`)
  const [callers, answerers] = [names('caller'), names('answerer')]
  await using resources = new AsyncDisposableStack()
  const own = { ...context, resources }
  const services = await startServices(own, WITHOUT_QUOTA)
  await signUpAll(services, home, [...callers, ...answerers])
  const ends = resources.use(await Actor.start<JoinedCallsRequests>('actors/joined-calls.ts', home))
  context.note(`joining ${calls} calls`)
  // What the first of them take is not each one's.
  await ends.ask('join', ACCOUNTS, callers, answerers)
  const { pid } = services.service('relay')
  const before = await residentMegabytes(pid)
  await ends.ask('join', calls, callers, answerers)
  const grown = (await residentMegabytes(pid)) - before
  const held = await heldMegabytes(own, services, 2 * calls)
  return [
    {
      rows: [
        { case: `${calls.toLocaleString('en')} joined calls, at the relay`, unit: 'MB' },
        { case: HELD, unit: 'MB' },
        { case: 'joined calls, beyond their connections', unit: 'MB', bar: { atMost: 60 } },
      ],
      measure: async () => [grown, held, grown - held],
    },
  ]
}

async function heldMegabytes(context: Context, services: Deployment, streams: number): Promise<number> {
  const { certificate } = await loadLeaf(join(services.home.path, 'auth', 'tls'))
  const start = async () => context.resources.use(await Actor.start<HeldStreamsRequests>('references/held-streams.ts'))
  const [server, client] = [await start(), await start()]
  const port = await server.ask('listen', { certificate: certificate.certificatesPem, key: certificate.keyPem })
  const authority = await readFile(services.caFile, 'utf8')
  await client.ask('hold', port, authority, ACCOUNTS)
  const before = await server.ask('memory')
  await client.ask('hold', port, authority, streams)
  return ((await server.ask('memory')) - before) / 1e6
}
