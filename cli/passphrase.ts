/** `sotto passphrase`: a passphrase for what the profile keeps; another one; or none. */
import { Command, Option } from 'commander'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { firstLoginLine } from '../clients/profile/login-line.ts'
import type { Profile } from '../clients/profile/profile.ts'
import {
  notice,
  type ProfileOptions,
  printJson,
  undefinedIfMissing,
  untilStopped,
  withProfile,
} from './profile-command.ts'

interface PassphraseOptions extends ProfileOptions {
  readonly remove?: true
  readonly passphraseFile?: string
  readonly newPassphraseFile?: string
}

const HELP = `
  sotto passphrase                   sets one, or changes it; from then on every command asks for it
  sotto passphrase --remove          asks for it once more
  export SOTTO_PASSPHRASE_FILE=FILE  nobody is asked then: for scripts, and for a sotto receive that starts by itself
  sotto passphrase --passphrase-file OLD --new-passphrase-file NEW

From a pipe each is one line: the present one, if there is one, then the new. It never leaves this machine and has nothing
to do with the password of "sotto login". If you forget it, all that the profile keeps is lost: nobody can reset it.`

export function passphraseCommand(): Command {
  return withProfile(new Command('passphrase'))
    .description('protect all that is kept here by a passphrase, change it, or remove it')
    .option('--passphrase-file <file>', 'read the present one from this file; SOTTO_PASSPHRASE_FILE does the same')
    .addOption(new Option('--new-passphrase-file <file>', 'read the new one from this file').conflicts('remove'))
    .option('--remove', 'open without a passphrase from now on')
    .addHelpText('after', HELP)
    .action((options: PassphraseOptions) => untilStopped((signal) => changePassphrase(options, signal)))
}

async function changePassphrase(options: PassphraseOptions, signal: AbortSignal): Promise<void> {
  const { PasswordReader } = await import('../clients/terminal/password.ts')
  const { Profile } = await import('../clients/profile/profile.ts')
  const { checkPassphrase, passphraseFile, unlockWith } = await import('../clients/command/unlock.ts')

  const { profile: name, remove, newPassphraseFile } = options
  const presentFile = options.passphraseFile ?? passphraseFile()
  const typed = { what: 'passphrase', input: process.stdin, output: process.stderr, signal } as const
  // One reader for both, where both are lines of one pipe.
  using lines = new PasswordReader(typed)
  const readerOf = (file: string | undefined) => (file === undefined ? lines : new PasswordReader({ ...typed, file }))
  const question = `new passphrase for the profile ${name}`
  const readNew = () => readerOf(newPassphraseFile).read(question, { twice: true, check: checkPassphrase })

  const home = sottoHome(environment())
  const unlock = unlockWith(readerOf(presentFile))
  const opened = Profile.open(home, name, (wrapped, profile) => unlock(wrapped, profile).catch(presentMissing))
  if (remove) {
    const profile = await opened
    return report(profile, await removeFrom(profile), options)
  }
  const profile = await opened.catch(undefinedIfMissing)
  if (profile === undefined) {
    const made = await Profile.openOrCreate(home, name, { passphrase: await readNew() })
    return report(made, `${MADE}; next: ${firstLoginLine(name)}`, options)
  }
  const done = profile.protection === 'file' ? SET : CHANGED
  const isOverwritten = await profile.protect(await readNew())
  report(profile, done, options)
  if (!isOverwritten)
    notice('the old key file could not be overwritten: another link leads to it, or the disk refuses', options)
}

const MADE = 'is made, and opens with this passphrase alone'
const SET = 'opens with this passphrase alone from now on; if you forget it, nobody can help'
const CHANGED = 'has another passphrase from now on'
const REMOVED = 'opens without a passphrase from now on'
const NONE = 'has no passphrase'

async function removeFrom(profile: Profile): Promise<string> {
  if (profile.protection === 'file') return NONE
  await profile.protect(undefined)
  return REMOVED
}

function presentMissing(error: unknown): never {
  if (!isSottoError(error, 'ERR_USAGE')) throw error
  throw new SottoError('ERR_USAGE', 'the profile has a passphrase, and that was not given', {
    cause: error,
    hint: 'add --passphrase-file FILE or set SOTTO_PASSPHRASE_FILE, or pipe it in as the first line',
  })
}

function report({ name, protection }: Profile, what: string, options: PassphraseOptions): void {
  if (options.json) printJson({ profile: name, protection })
  else notice(`the profile ${name} ${what}`, options)
}
