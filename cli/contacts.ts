/** `sotto contacts`, `verify`, `trust`, `block` and `unblock`: what the profile makes of others' identity keys. */
import { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { openProfile, type ProfileOptions, say, withProfile } from './profile-command.ts'

export function contactsCommand(): Command {
  return withProfile(new Command('contacts'))
    .description('list the people whose keys are known: pinned, verified or changed')
    .action(async (options: ProfileOptions) => {
      const { stateOf } = await import('../clients/peer/pins.ts')
      const { pins, blocked } = (await openProfile(options)).state
      const names = [...new Set([...pins.keys(), ...blocked])].sort()
      for (const name of names) {
        const pin = pins.get(name)
        const state = pin === undefined ? 'unknown' : stateOf(pin)
        const since = pin === undefined ? undefined : new Date(pin.verifiedAtMs ?? pin.pinnedAtMs).toISOString()
        const contact = { name, state, since, blocked: blocked.has(name) }
        process.stdout.write(options.json ? `${JSON.stringify(contact)}\n` : row(contact))
      }
    })
}

interface Contact {
  readonly name: string
  readonly state: string
  readonly since: string | undefined
  readonly blocked: boolean
}

function row({ name, state, since, blocked }: Contact): string {
  return `${name.padEnd(32)} ${state.padEnd(9)} ${since?.slice(0, 10) ?? ''}${blocked ? '  blocked' : ''}\n`
}

export function trustCommand(): Command {
  return withProfile(new Command('trust'))
    .description("accept a contact's changed key, unverified; sotto verify is safer")
    .argument('<user>')
    .action(async (user: string, options: ProfileOptions) => {
      const { trust } = await import('../clients/peer/pins.ts')
      const isChanged = await trust(await openProfile(options), user, systemClock.now())
      say(isChanged ? `the new key of ${user} is trusted from now on` : `the key of ${user} has not changed`)
    })
}

interface VerifyOptions extends ProfileOptions {
  readonly yes?: true
}

const VERIFY_HELP = `
Both type it, each with the other's name, and compare: the digits or the words over the telephone, or one scans the
other's code. If they are equal, nobody stands between the two. It is also how a changed key is accepted.`

export function verifyCommand(): Command {
  return withProfile(new Command('verify'))
    .description('show the safety number that you and a contact share, and note that you have compared it')
    .argument('<user>')
    .option('--yes', 'we have compared it: do not ask')
    .addHelpText('after', VERIFY_HELP)
    .action(async (user: string, options: VerifyOptions) => {
      const { verifyContact } = await import('./verify.ts')
      await verifyContact(await openProfile(options), user, options)
    })
}

export function blockCommand(): Command {
  return blocking('block', 'let nobody of this name in, and write to them no more', true)
}

export function unblockCommand(): Command {
  return blocking('unblock', 'let them again', false)
}

function blocking(command: string, description: string, isBlocked: boolean): Command {
  return withProfile(new Command(command))
    .description(description)
    .argument('<user>')
    .action(async (user: string, options: ProfileOptions) => {
      const { setBlocked } = await import('../clients/peer/pins.ts')
      await setBlocked(await openProfile(options), user, isBlocked)
      say(`${user} is ${isBlocked ? 'blocked' : 'not blocked'}`)
    })
}
