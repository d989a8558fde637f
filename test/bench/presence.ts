/** What people cost the directory who are online and do nothing, and how soon they are back after it was killed. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { loadLeaf } from '#lib/runtime/certificates/leaf.ts'
import type { Deployment } from '../support/deployment.ts'
import type { AudienceRequests } from './actors/audience.ts'
import { beginSessions } from './actors/audience-sessions.ts'
import { signUp, startServices } from './actors/people.ts'
import { startCaller } from './actors/start-caller.ts'
import { Actor } from './framework/actor.ts'
import type { Bench, Context } from './framework/bench.ts'
import { sharedNowMs } from './framework/serve-actor.ts'
import type { HeldStreamsRequests } from './references/held-streams.ts'
import { canLookAtProcesses, processorMs, residentMegabytes } from './references/memory.ts'

/** How many people are online, unless the run says otherwise; and how many processes they share. */
const [PEOPLE, PROCESSES] = [1_000, 2]

/** The part of them that comes first, so that what the directory needs for anybody at all is not counted as theirs. */
const FIRST_PART = 0.1

/** How many streams of the reference are held: each takes the same. */
const MOST_HELD = 1_000

/** How long the services are watched while nobody does anything, in milliseconds. */
const STAND_MS = 3_000

const HELD = 'a held TLS stream of grpc-js'

export const presence: Bench = {
  name: 'presence',
  rounds: 3,
  work: `Receivers on one directory (${PEOPLE.toLocaleString('en')} unless --size says otherwise), each over a connection of its own, with nothing to do; then the directory is killed (-9) and started again`,
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined || !canLookAtProcesses(context)) return []
    const people = Math.max(2 * PROCESSES, context.size(PEOPLE))
    // All of them come from one address, and one in eight places is kept for others.
    const services = await startServices(context, { SOTTO_DIRECTORY_CONNECTIONS_PER_ADDRESS: String(2 * people) })
    const names = Array.from({ length: people }, (_, number) => `there-${number}`)
    context.note(`signing up ${people} people`)
    await signUp(services, home, 'presence-alice')
    const sessions = await beginSessions(services, names)
    const caller = await startCaller(context, home, 'presence-alice')
    await caller.ask('getPresence', 'there-0', 1, 1).catch(() => undefined)
    const directory = () => services.service('directory').pid
    context.note(`${people} people come online`)
    const audience: Actor<AudienceRequests>[] = []
    for (let index = 0; index < PROCESSES; index += 1) {
      audience.push(context.resources.use(await Actor.start<AudienceRequests>('actors/audience.ts')))
    }
    const shared = {
      directoryAddress: services.directoryAddress,
      authorityPem: await readFile(services.caFile, 'utf8'),
    }
    const come = (share: (number: number) => boolean) =>
      Promise.all(
        audience.map((each, index) => {
          const members = sessions.filter((_member, number) => share(number) && number % PROCESSES === index)
          return each.ask('come', members, shared)
        }),
      )
    const first = Math.ceil(people * FIRST_PART)
    const online = async () => Math.max(...(await Promise.all(audience.map((each) => each.ask('online')))))
    await come((number) => number < first)
    await online()
    const base = await residentMegabytes(directory())
    await come((number) => number >= first)
    await online()
    const held = await heldKilobytes(context, services, Math.min(people, MOST_HELD))
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
          const memory = (((await residentMegabytes(directory())) - base) * 1e3) / (people - first)
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
