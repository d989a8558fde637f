/** `sotto files`: what was offered, by whom, and what has become of it; and the answer to an offer. */
import { Command, Option } from 'commander'
import { downloadsOption, folderFor } from '../clients/command/file-flags.ts'
import type { Profile } from '../clients/profile/profile.ts'
import type { Store } from '../clients/store/store.ts'
import { notice, openProfile, type ProfileOptions, withProfile } from './profile-command.ts'

interface FilesOptions extends ProfileOptions {
  readonly all?: true
}

const FILES_HELP = `
  sotto files                           what is offered and under way, and the last that is over
  sotto files accept 3f09 --to ~/work   takes the offer whose id begins so; several ids can be named
  sotto files decline 3f09
  sotto files cancel 3f09               ends what is under way, or takes back an offer

A file travels while a "sotto chat" or "sotto receive" runs for this profile; what is answered meanwhile goes at once.`

export function filesCommand(): Command {
  const command = withProfile(new Command('files'))
    .description('list the files that were offered to you and by you, and answer offers')
    .option('--all', `list all, however many are over`)
    .addHelpText('after', FILES_HELP)
    .action(async ({ all, ...options }: FilesOptions) => {
      const { recent, transferFields, transferRow } = await import('../clients/files/report/listing.ts')
      await inStore(options, (store) => {
        const transfers = store?.transfers.list() ?? []
        for (const transfer of all ? transfers : recent(transfers)) {
          const line = options.json ? JSON.stringify(transferFields(transfer)) : transferRow(transfer)
          process.stdout.write(`${line}\n`)
        }
        if (transfers.length === 0) notice('no files yet')
      })
    })
  const accept = answer('accept', 'take what is offered', async ({ store, profile }, id, { to }) => {
    const { acceptTransfer } = await import('../clients/files/accept.ts')
    const { mayWrite } = await import('../clients/profile/permission.ts')
    await acceptTransfer(store, (name) => mayWrite(profile, name), id, await folderFor(to))
  })
  const to = downloadsOption()
  return command
    .addCommand(accept.addOption(new Option('--to <folder>', to.description).default(to.defaultValue, '~/Downloads')))
    .addCommand(
      answer('decline', 'do not take it', async ({ store }, id) => {
        const { declineTransfer } = await import('../clients/files/accept.ts')
        declineTransfer(store, id)
      }),
    )
    .addCommand(
      answer('cancel', 'end what is under way, or take back an offer', async ({ store }, id) => {
        const { cancelTransfer } = await import('../clients/files/accept.ts')
        cancelTransfer(store, id)
      }),
    )
}

interface AnswerOptions extends ProfileOptions {
  readonly to: string
}

/** What an answer works on. */
interface Place {
  readonly store: Store
  readonly profile: Profile
}

type Answer = (place: Place, id: string, options: AnswerOptions) => Promise<void>

function answer(name: string, description: string, act: Answer): Command {
  return new Command(name)
    .description(description)
    .argument('<id...>', 'of the transfers, as sotto files shows them')
    .action(async (ids: string[], _own: unknown, command: Command) => {
      // --profile and --json belong to the command above, wherever they stand.
      const options = command.optsWithGlobals<AnswerOptions>()
      const { transferFields, transferRow, transferWithId } = await import('../clients/files/report/listing.ts')
      const isRunning = await inStore(options, async (store, profile) => {
        for (const digits of ids) {
          const { id } = transferWithId(store?.transfers.list() ?? [], digits)
          if (store === undefined) return
          await act({ store, profile }, id, options)
          const transfer = store.transfers.get(id)
          if (transfer === undefined) continue
          if (options.json) process.stdout.write(`${JSON.stringify(transferFields(transfer))}\n`)
          else notice(transferRow(transfer))
        }
      })
      if (!isRunning) notice('it goes on when a sotto chat or receive runs here')
    })
}

/**
 * Work with the profile's store, if there is one.
 *
 * @returns whether a process is there that carries files.
 */
async function inStore(
  options: ProfileOptions,
  work: (store: Store | undefined, profile: Profile) => Promise<void> | void,
): Promise<boolean> {
  const { openStore } = await import('../clients/store/store.ts')
  const { hasStore } = await import('../clients/history/kept-history.ts')
  const profile = await openProfile(options)
  if (!hasStore(profile)) {
    await work(undefined, profile)
    return false
  }
  const { folder, key: profileKey } = profile.storage
  const store = openStore(folder, { profileKey })
  try {
    await work(store, profile)
  } finally {
    store.close()
  }
  const { hasLockHolder } = await import('../clients/profile/process-locks.ts')
  return hasLockHolder(profile)
}
