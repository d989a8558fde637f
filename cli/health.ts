/** `sotto health`: asks a service of this machine how it is, as a container's health check does. */
import { join } from 'node:path'
import { Argument, Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { type Environment, environment } from '#lib/runtime/environment.ts'

export type ServiceName = 'auth' | 'directory'

export function healthCommand(): Command {
  return new Command('health')
    .description('ask a service that runs here, under the settings of this environment, whether it serves')
    .addArgument(new Argument('<service>').choices(['auth', 'directory']))
    .action(async (name: ServiceName) => {
      const { isServing } = await import('#lib/rpc/health-check.ts')
      const target = await targetOf(name, environment())
      if (!(await isServing(target))) {
        throw new SottoError('ERR_UNAVAILABLE', `${name} answers and does not serve`, {
          hint: 'its last log lines say why',
        })
      }
      process.stderr.write(`sotto: ${name} serves\n`)
    })
}

/** The address of a service, and the authority and role to check its certificate against, from its own settings. */
export async function targetOf(name: ServiceName, env: Environment) {
  const { loadLeaf } = await import('#lib/runtime/certificates/leaf.ts')
  const { readConfig } = await import(`../services/${name}/config.ts`)
  const config = readConfig(env)
  const { authoritiesPem: authorityPem } = await loadLeaf(
    name === 'auth' ? join(config.dataFolder, 'tls') : config.tlsFolder,
  )
  const role = `${name}.sotto` as const
  return { address: `localhost:${config.listen.port}`, security: { authorityPem, role } }
}
