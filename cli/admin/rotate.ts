/** `sotto admin rotate`: other keys and certificates, while the services run and nobody signs in again. */
import type { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import type { Config } from '../../services/auth/config.ts'
import { notice } from '../profile-command.ts'
import { readConfig } from './server.ts'

const HELP = `
The services take it up by themselves, within seconds, and nobody notices: connections and conversations that are open go
on, and nobody signs in again. Where they do not run, they do so at their next start.`

/** Adds the commands. */
export function withRotation(admin: Command): Command {
  const rotate = admin
    .command('rotate')
    .description('replace keys and certificates while the services run')
    .addHelpText('after', HELP)
  rotate
    .command('leaf')
    .description("make the services' own certificates anew, as they do by themselves every half year")
    .action(async () => {
      const { rotateLeaves } = await import('../../services/auth/keys/rotation.ts')
      const config = await readConfig()
      await untilTakenUp(config, 'certificates', () => rotateLeaves(config, systemClock))
    })
  rotate
    .command('authority')
    .description('replace the certificate authority by one that it signs for; clients follow by themselves')
    .action(async () => {
      const { rotateAuthority } = await import('../../services/auth/keys/rotation.ts')
      const config = await readConfig()
      const what = 'certificates, by the new authority,'
      const fingerprint = await untilTakenUp(config, what, () => rotateAuthority(config, systemClock))
      notice(`its fingerprint is ${fingerprint}; what was printed before leads to the server, too`, {})
    })
  rotate
    .command('wrapping-key')
    .description('wrap what the database keeps under a new key, and forget the former; or finish that')
    .action(async () => {
      const { rotateWrappingKey } = await import('../../services/auth/keys/rotation.ts')
      const config = await readConfig()
      const count = await rotateWrappingKey(config, systemClock, {
        onProgress: (what) => notice(WRAPPING_PROGRESS[what], {}),
      })
      const rows = count === 1 ? '1 row was' : `${count} rows were`
      notice(`${rows} wrapped under the new key, and the former is gone: copy ${config.wrappingKeyFile} anew`, {})
    })
  return admin
}

const WRAPPING_PROGRESS = {
  added: 'a new key is there; the former stays until nothing needs it, in some seconds',
  resumed: 'a rotation was broken off: it is finished now, in some seconds',
} as const

/** Rotate, and say whether the Auth of this machine has taken it up. */
async function untilTakenUp<T>(config: Config, what: string, rotate: () => Promise<T>): Promise<T> {
  const { awaitNewLeaf, currentLeaf } = await import('../../services/auth/keys/rotation.ts')
  const before = await currentLeaf(config)
  const rotated = await rotate()
  if (before === undefined) {
    notice(`every auth makes new ${what} within seconds, or at its next start`, {})
    return rotated
  }
  const end = await awaitNewLeaf(config, before, systemClock)
  const result =
    end === undefined
      ? 'auth, which does not run here, makes them at its next start'
      : `auth has new ${what} until ${end.toISOString().slice(0, 10)}; the others follow within seconds`
  notice(result, {})
  return rotated
}
