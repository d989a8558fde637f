/** How long a service takes from its start until it serves. */
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from '#lib/runtime/environment.ts'
import { serviceNodeOptions } from '#lib/runtime/node-options.ts'
import { freePorts } from '../support/free-port.ts'
import { TestProcess } from '../support/processes.ts'
import { sottoCommand, sottoEnvironment } from './actors/sotto.ts'
import type { Bench, Case, RowPlan } from './framework/bench.ts'
import { timeCommand } from './references/command.ts'

const NODE = 'node -e 0'

/** What each may take, in milliseconds. */
const [BAR, AGAINST] = [{ atMost: 1_000 }, [{ to: NODE }]]

/** Written once a service listens and serves. */
const UP = '"msg":"up"'

/** Ports of an installation that nobody calls. */
const ANY_PORTS: Environment = { SOTTO_AUTH_PORT: '0', SOTTO_AUTH_ADMIN_PORT: '0', SOTTO_SEALING_PORT: '0' }

export const ready: Bench = {
  name: 'ready',
  work: 'From the start of a process, of those that a release installs, until it serves; a first start makes an installation',
  async prepare(context) {
    const home = await context.folder('disk')
    if (home === undefined) return []
    const [auth = 0, sealing = 0, directory = 0, relay = 0, door = 0] = await freePorts(5)
    const settings: Environment = {
      SOTTO_AUTH_PORT: String(auth),
      SOTTO_AUTH_ADMIN_PORT: '0',
      SOTTO_SEALING_PORT: String(sealing),
      SOTTO_DIRECTORY_PORT: String(directory),
      SOTTO_DIRECTORY_ADMIN_PORT: '0',
      SOTTO_RELAY_PORT: String(relay),
      SOTTO_RELAY_ADMIN_PORT: '0',
    }
    const services = join(realpathSync(sottoCommand()), '..', '..', 'services')
    const startOf = (name: string, folder: string, own: Environment): TestProcess =>
      new TestProcess(process.execPath, [...serviceNodeOptions(name), join(services, name, 'main.cjs')], {
        env: { ...sottoEnvironment(folder), ...own },
      })
    /** Start a service, and stop it again. @returns the milliseconds until it is up. */
    const timeStart = async (name: string, folder: string, own: Environment): Promise<number> => {
      const beganMs = performance.now()
      await using service = startOf(name, folder, own)
      await service.untilStderr(UP)
      const tookMs = performance.now() - beganMs
      service.signal('SIGTERM')
      await service.ended
      return tookMs
    }
    const rowOf = (name: string): RowPlan => ({ case: name, unit: 'ms', against: AGAINST, bar: BAR })
    const caseOf = (name: string, own: Environment): Case => ({
      rows: [rowOf(name)],
      measure: async () => [await timeStart(name, home, own)],
    })
    // The directory and the relay ask it for what they need to start.
    await context.resources.use(startOf('auth', home, settings)).untilStderr(UP)
    return [
      {
        rows: [rowOf('auth, the first start'), rowOf('auth')],
        async measure() {
          const folder = (await context.folder('disk')) ?? home
          return [await timeStart('auth', folder, ANY_PORTS), await timeStart('auth', folder, ANY_PORTS)]
        },
      },
      caseOf('directory', settings),
      caseOf('relay', settings),
      caseOf('door', { SOTTO_DOOR_PORT: String(door), SOTTO_DOOR_TO_AUTH: `localhost:${auth}` }),
      { rows: [{ case: NODE, unit: 'ms' }], measure: async () => [await timeCommand(process.execPath, ['-e', '0'])] },
    ]
  },
}
