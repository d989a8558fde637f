/** `sotto health`: asks a service of this machine how it is, as a container's health check does. */
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { type Environment, environment } from '#lib/runtime/environment.ts'

const NAMES = ['auth', 'directory', 'relay', 'door'] as const

export type ServiceName = (typeof NAMES)[number]

export function healthCommand(): Command {
  return new Command('health')
    .description('ask a service that runs here, under the settings of this environment, whether it serves')
    .addArgument(new Argument('<service>').choices(NAMES))
    .action(async (name: ServiceName) => {
      const { isServing } = await import('#lib/rpc/standard/health-check.ts')
      const target = await targetOf(name, environment())
      if (!(await isServing(target))) {
        throw new SottoError('ERR_UNAVAILABLE', `${name} answers and does not serve`, {
          hint: 'its last log lines say why',
        })
      }
      process.stderr.write(`sotto: ${name} serves\n`)
    })
}

/**
 * The address of a service, and the authority and role to check its certificate against, from its own settings. The door
 * has no certificate: it is auth that answers through it.
 */
export async function targetOf(name: ServiceName, env: Environment) {
  const { loadLeaf } = await import('#lib/runtime/certificates/leaf.ts')
  const service = name === 'door' ? 'auth' : name
  const { readConfig } = await import(`../services/${service}/config.ts`)
  const config = readConfig(env)
  const { authoritiesPem: authorityPem } = await loadLeaf(
    service === 'auth' ? join(config.dataFolder, 'tls') : config.tlsFolder,
  )
  const role = `${service}.sotto` as const
  const port = name === 'door' ? config.doorPort : config.listen.port
  if (port === undefined) {
    throw new SottoError('ERR_CONFIG', 'there is no door', { hint: 'set SOTTO_DOOR_PORT as it is set for the door' })
  }
  return { address: `localhost:${port}`, security: { authorityPem, role } }
}
