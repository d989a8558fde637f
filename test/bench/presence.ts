/** What people cost the directory who are online and do nothing, and how soon they are back after it was killed. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { loadLeaf } from '#lib/runtime/certificate-authority.ts'
import type { Deployment } from '../support/deployment.ts'
import type { AudienceRequests } from './actors/audience.ts'
import { signUp, signUpAll, startServices } from './actors/people.ts'
import { startCaller } from './actors/start-caller.ts'
import { Actor } from './framework/actor.ts'
import type { Bench, Context } from './framework/bench.ts'
import { sharedNowMs } from './framework/serve-actor.ts'
import type { HeldStreamsRequests } from './references/held-streams.ts'
import { canLookAtProcesses, processorMs, residentMegabytes } from './references/memory.ts'

/** How many people are online, of the thousand connections that one address may have; and how many processes they share. */
const [PEOPLE, PROCESSES] = [300, 2]

/** How long the services are watched while nobody does anything, in milliseconds. */
const STAND_MS = 2_000

const HELD = 'a held TLS stream of grpc-js'

export const presence: Bench = {
  name: 'presence',
  work: `${PEOPLE} receivers on one directory, each over a connection of its own, with nothing to do; then the directory is killed (-9) and started again`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined || !canLookAtProcesses(context)) return []
    const services = await startServices(context)
    const people = Math.max(PROCESSES, context.amount(PEOPLE))
    const names = Array.from({ length: people }, (_, number) => `there-${number}`)
    context.note(`signing up ${people} people`)
    await signUp(services, home, 'presence-alice')
    await signUpAll(services, home, names)
    const caller = await startCaller(context, home, 'presence-alice')
    await caller.ask('getPresence', 'there-0', 1, 1)
    const directory = () => services.service('directory').pid
    const empty = await residentMegabytes(directory())
    context.note(`${people} people come online`)
    const audience: Actor<AudienceRequests>[] = []
    for (let index = 0; index < PROCESSES; index += 1) {
      const share = names.filter((_name, number) => number % PROCESSES === index)
      audience.push(context.resources.use(await Actor.start<AudienceRequests>('actors/audience.ts', home, ...share)))
    }
    const online = async () => Math.max(...(await Promise.all(audience.map((each) => each.ask('online')))))
    await online()
    const held = await heldKilobytes(context, services, people)
    const both = () => [directory(), services.service('auth').pid]
    const spent = async () => (await Promise.all(both().map(processorMs))).reduce((sum, each) => sum + each, 0)
    return [
      {
        rows: [
          { case: 'memory of the directory, each', unit: 'KB', against: [{ to: HELD }], bar: { atMost: 45 } },
          { case: 'both services together, standing', unit: '% of a core', bar: { atMost: 4 } },
          { case: 'people found while all stand', unit: 'people', bar: { atLeast: people } },
          { case: 'all back after kill -9', unit: 's', bar: { atMost: 20 } },
        ],
        async measure() {
          const memory = (((await residentMegabytes(directory())) - empty) * 1e3) / people
          const [beganMs, before] = [performance.now(), await spent()]
          await setTimeout(STAND_MS)
          const part = (100 * ((await spent()) - before)) / (performance.now() - beganMs)
          const found = await caller.ask('countOnline', names)
          const gone = audience.map((each) => each.ask('offline'))
          const killedMs = sharedNowMs()
          await services.endService('directory', 'SIGKILL')
          await Promise.all(gone)
          await services.startService('directory')
          return [memory, part, found, ((await online()) - killedMs) / 1_000]
        },
      },
      { rows: [{ case: HELD, unit: 'KB' }], measure: async () => [held] },
    ]
  },
}

/** The memory that a server needs for each stream at least, in KB. */
async function heldKilobytes({ resources }: Context, services: Deployment, count: number): Promise<number> {
  const { certificate } = await loadLeaf(join(services.home.path, 'auth', 'tls'))
  const start = async () => resources.use(await Actor.start<HeldStreamsRequests>('references/held-streams.ts'))
  const [server, client] = [await start(), await start()]
  const port = await server.ask('listen', { certificate: certificate.certificatesPem, key: certificate.keyPem })
  const authority = await readFile(services.caFile, 'utf8')
  await client.ask('hold', port, authority, 1)
  const before = await server.ask('memory')
  await client.ask('hold', port, authority, count)
  return ((await server.ask('memory')) - before) / count / 1e3
}
