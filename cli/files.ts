/** `sotto files`: what was offered, by whom, and what has become of it; and the answer to an offer. */
import { Command, Option } from 'commander'
import { DEFAULT_DOWNLOADS, downloadsOption, folderFor } from '../clients/command/file-flags.ts'
import type { Profile } from '../clients/profile/profile.ts'
import type { Store } from '../clients/store/store.ts'
import { notice, openProfile, type ProfileOptions, printJson, withProfile } from './profile-command.ts'

interface FilesOptions extends ProfileOptions {
  readonly all?: true
}

const FILES_HELP = `
  sotto files                           what is offered and under way, and the last that is over
  sotto files accept 3f09 --to ~/work   takes the offer whose id begins so; several ids can be named
  sotto files decline 3f09
  sotto files cancel 3f09               ends what is under way, or takes back an offer

A file travels while a "sotto chat", "web" or "receive" runs for this profile; what is answered meanwhile goes at once.`

export function filesCommand(): Command {
  const command = withProfile(new Command('files'))
    .description('list the files that were offered to you and by you, and answer offers')
    .option('--all', `list all, however many are over`)
    .addHelpText('after', FILES_HELP)
    .action(async ({ all, ...options }: FilesOptions) => {
      const { recent, transferFields, transferRow } = await import('../clients/files/report/listing.ts')
      await inStore(options, 'read', (store) => {
        const transfers = store?.transfers.list() ?? []
        for (const transfer of all ? transfers : recent(transfers)) {
          if (options.json) printJson(transferFields(transfer))
          else process.stdout.write(`${transferRow(transfer)}\n`)
        }
        if (transfers.length === 0) notice('no files yet', options)
      })
    })
  const accept = answer('accept', 'take what is offered', 'it goes on', async ({ store, profile }, ids, { to }) => {
    const { acceptTransfer, checkAcceptable, checkDeclinable } = await import('../clients/files/accept.ts')
    const { mayWrite } = await import('../clients/profile/permission.ts')
    const permit = (name: string) => mayWrite(profile, name)
    // Before a folder is made for what does not wait for an answer.
    checkDeclinable(store, ids)
    const folder = await folderFor(to)
    await checkAcceptable(store, permit, ids, folder)
    return (id) => acceptTransfer(store, permit, id, folder)
  })
  const to = new Option('--to <folder>', downloadsOption().description).default(DEFAULT_DOWNLOADS)
  return command
    .addCommand(accept.addOption(to))
    .addCommand(
      answer('decline', 'do not take it', TOLD, async ({ store }, ids) => {
        const { checkDeclinable, declineTransfer } = await import('../clients/files/accept.ts')
        checkDeclinable(store, ids)
        return (id) => declineTransfer(store, id)
      }),
    )
    .addCommand(
      answer('cancel', 'end what is under way, or take back an offer', TOLD, async ({ store }, ids) => {
        const { cancelTransfer, checkCancellable } = await import('../clients/files/accept.ts')
        checkCancellable(store, ids)
        return (id) => cancelTransfer(store, id)
      }),
    )
}

interface AnswerOptions extends ProfileOptions {
  readonly to: string
}

/** The store and the profile that an answer works on. */
interface Place {
  readonly store: Store
  readonly profile: Profile
}

/** Checks all that is to be answered, and gives what then answers each. */
type Answer = (
  place: Place,
  ids: readonly string[],
  options: AnswerOptions,
) => Promise<(id: string) => Promise<void> | void>

/** What comes yet of an answer that ends a transfer. */
const TOLD = 'the other side is told of it'

/** @param next - What comes of it once a process is there that carries files. */
function answer(name: string, description: string, next: string, prepare: Answer): Command {
  return new Command(name)
    .description(description)
    .argument('<id...>', 'of the transfers, as sotto files shows them')
    .action(async (typed: string[], _own: unknown, command: Command) => {
      // --profile and --json belong to the command above, wherever they stand.
      const options = command.optsWithGlobals<AnswerOptions>()
      const { transferFields, transferRow, transfersWithIds } = await import('../clients/files/report/listing.ts')
      const isRunning = await inStore(options, 'write', async (store, profile) => {
        const ids = transfersWithIds(store?.transfers.list() ?? [], typed).map(({ id }) => id)
        if (store === undefined) return
        const act = await prepare({ store, profile }, ids, options)
        for (const id of ids) {
          await act(id)
          const transfer = store.transfers.get(id)
          if (transfer === undefined) continue
          if (options.json) printJson(transferFields(transfer))
          else notice(transferRow(transfer), options)
        }
      })
      if (!isRunning) notice(`${next} when a sotto chat, web or receive runs here`, options)
    })
}

/**
 * Work with the profile's store, if there is one.
 *
 * @returns whether a process is there that carries files.
 */
async function inStore(
  options: ProfileOptions,
  access: 'read' | 'write',
  work: (store: Store | undefined, profile: Profile) => Promise<void> | void,
): Promise<boolean> {
  const { openStore, openStoreToRead } = await import('../clients/store/open-store.ts')
  const { hasStore } = await import('../clients/history/kept-history.ts')
  const profile = await openProfile(options)
  if (!hasStore(profile)) {
    await work(undefined, profile)
    return false
  }
  const { folder, key: profileKey } = profile.storage
  // A full disk does not hinder what only reads.
  const store = (access === 'read' ? openStoreToRead : openStore)(folder, { profileKey })
  try {
    await work(store, profile)
  } finally {
    store.close()
  }
  const { hasLockHolder } = await import('../clients/profile/process-locks.ts')
  return hasLockHolder(profile)
}
