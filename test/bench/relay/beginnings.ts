/**
 * How long it takes from the wish to talk to the first acknowledged text: with the head start that addresses have on the
 * relay, and with others that they could have.
 *
 * @module
 */
import { createServer, type Socket } from 'node:net'
import { Profile } from '../../../clients/profile/profile.ts'
import { setReach } from '../../../clients/profile/settings.ts'
import type { Reach } from '../../../clients/profile/state.ts'
import type { Deployment } from '../../support/deployment.ts'
import { freePort } from '../../support/free-port.ts'
import { type Listening, signUpAll, startPerson } from '../actors/people.ts'
import type { Case, Comparison, Context } from '../framework/bench.ts'
import { median } from '../framework/statistics.ts'
import { ROUND_TRIP_MS, startFarLink } from '../references/start-far-link.ts'

/** How many conversations a sample is the median of. */
const CONVERSATIONS = 3

/** The first text to whom, and how. */
const to = (whom: string, how = '') => `first text to ${whom}${how}`
const AT_RELAY = ', begun at the relay at once'
const FAR = `who answers, ${ROUND_TRIP_MS} ms there and back`
const SILENT = 'one silent address'
/** The relay comes behind the last address, and 750 ms behind the first at the latest: with three that is when it comes. */
const THREE_SILENT = 'three silent addresses: 750 ms for them'

/** Silent addresses take connections and say nothing, like a firewall that answers for whom it keeps out. */
async function startSilent({ resources }: Context): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  resources.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

export async function beginningCases(context: Context, services: Deployment, home: string): Promise<Case[]> {
  const farPort = await freePort()
  const silent = [await startSilent(context), await startSilent(context), await startSilent(context)]
  const called: Record<string, Listening> = {
    far: { port: farPort, advertised: await startFarLink(context, farPort) },
    silent: { advertised: silent.slice(0, 1) },
    'silent-thrice': { advertised: silent },
  }
  const callers: Record<string, Reach> = { any: 'any', 'relay-only': 'relay' }
  await signUpAll(services, home, [...Object.keys(called), ...Object.keys(callers)])
  for (const [name, reach] of Object.entries(callers)) await setReach(await Profile.open(home, name), reach)
  for (const [name, listening] of Object.entries(called)) await startPerson(context, home, name, listening)
  const [any, relayOnly] = [await startPerson(context, home, 'any'), await startPerson(context, home, 'relay-only')]

  const conversations = context.amount(CONVERSATIONS)
  const caseOf = (row: string, caller: typeof any, contact: string, against: readonly Comparison[] = []): Case => ({
    rows: [{ case: row, unit: 'ms', against }],
    async measure() {
      await caller.ask('writeTo', contact)
      const took: number[] = []
      while (took.length < conversations) took.push(await caller.ask('openAndSend'))
      return [median(took)]
    },
  })
  return [
    caseOf(to(FAR), any, 'far', [{ to: to(FAR, AT_RELAY) }]),
    caseOf(to(FAR, AT_RELAY), relayOnly, 'far'),
    caseOf(to(SILENT), any, 'silent', [{ to: to(THREE_SILENT) }, { to: to(SILENT, AT_RELAY) }]),
    caseOf(to(THREE_SILENT), any, 'silent-thrice'),
    caseOf(to(SILENT, AT_RELAY), relayOnly, 'silent'),
  ]
}
