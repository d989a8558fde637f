/** `sotto people`: who has an account at the server, and is online. */
import { Command, InvalidArgumentError } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { USERNAME_PREFIX } from '#lib/validation.ts'
import { escapeName } from '../clients/terminal/escape.ts'
import { notice, type ProfileOptions, printJson, untilStopped, waitingNotice, withProfile } from './profile-command.ts'

const HELP = `
  sotto people     everybody, by name
  sotto people a   those whose names begin so

The text behind a name is what the host has put there; it proves nothing. People are known by their names alone.`

export function peopleCommand(): Command {
  return withProfile(new Command('people'))
    .description('list who has an account at your server, and who of them is online')
    .argument('[prefix]', 'the beginning of their names', namePrefix)
    .addHelpText('after', HELP)
    .action((prefix: string | undefined, options: ProfileOptions) =>
      untilStopped((signal) => listPeople(prefix ?? '', options, signal)),
    )
}

function namePrefix(text: string): string {
  if (USERNAME_PREFIX.test(text)) return text
  throw new InvalidArgumentError('No name begins so: names are of a-z, 0-9, ".", "_" and "-".')
}

async function listPeople(prefix: string, options: ProfileOptions, signal: AbortSignal): Promise<void> {
  const { openSession } = await import('../clients/command/open-session.ts')
  const { unlockKey } = await import('../clients/command/unlock.ts')
  await using resources = new AsyncDisposableStack()
  const { profile } = options
  const home = sottoHome(environment())
  const { connect } = await openSession({ home, profile, unlock: unlockKey(signal), clock: systemClock })
  using waiting = await waitingNotice(options)
  waiting.begin('the directory')
  const directory = resources.adopt(connect(undefined), (open) => open.close())
  let count = 0
  for await (const people of directory.listPeople(prefix, signal)) {
    waiting.stop()
    count += people.length
    for (const { name, displayName, isOnline } of people) {
      if (options.json) printJson({ name, displayName, online: isOnline })
      else process.stdout.write(row(name, displayName, isOnline))
    }
  }
  if (count === 0) notice('nobody', options)
}

function row(name: string, displayName: string, isOnline: boolean): string {
  return `${[name.padEnd(32), isOnline ? 'online ' : '       ', escapeName(displayName)].join(' ').trimEnd()}\n`
}
