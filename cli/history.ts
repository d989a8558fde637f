/** `sotto history`, `search`, `export`, `forget` and `undeliverable`: what the profile has kept of conversations. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { SottoError } from '#lib/errors.ts'
import { accountName, accountNames } from '../clients/command/account-name.ts'
import type { ShowOptions } from '../clients/history/kept-history.ts'
import { notice, openProfile, type ProfileOptions, printJson, withProfile } from './profile-command.ts'

const WHAT_IS_KEPT = `
All that is said and heard is kept, whether by "sotto chat", "send" or "receive", encrypted in the profile.`

const DEFAULT_LIMIT = 50

interface HistoryOptions extends ProfileOptions {
  readonly limit: number
}

const HISTORY_HELP = `
  sotto history                      the end of all conversations, in the order in which it came
  sotto history bob --limit 500      more of the one with bob
  sotto history bob --json | jq -r .text
${WHAT_IS_KEPT}`

export function historyCommand(): Command {
  return withProfile(new Command('history'))
    .description('show the newest messages of a conversation, or of all')
    .argument('[user]', 'whose conversation', accountName)
    .option('--limit <n>', 'how many messages at most', atLeastOne, DEFAULT_LIMIT)
    .addHelpText('after', HISTORY_HELP)
    .action(async (user: string | undefined, { limit, ...options }: HistoryOptions) => {
      const { newest } = await import('../clients/history/newest.ts')
      await show(options, {
        names: user === undefined ? [] : [user],
        select: (store, names) => newest(store, names, limit),
        ifNone: 'nothing was said yet',
      })
    })
}

const SEARCH_HELP = `
  sotto search eight                 finds "See you at eight?"
  sotto search see EIGHT             the same: all words, anywhere in a message, in any case
  sotto search report.pdf            finds the offer of a file as well, by its name

Nothing is indexed on the disk: every message is opened and looked at.
${WHAT_IS_KEPT}`

export function searchCommand(): Command {
  return withProfile(new Command('search'))
    .description('show the messages that hold all of these words')
    .argument('<words...>')
    .addHelpText('after', SEARCH_HELP)
    .action(async (words: string[], options: ProfileOptions) => {
      await show(options, {
        names: [],
        select: (store) => store.search(words.join(' ')),
        ifNone: 'nothing found',
      })
    })
}

interface ExportOptions extends ProfileOptions {
  readonly markdown?: true
}

const EXPORT_HELP = `
  (umask 077; sotto export --json > everything.jsonl)
  sotto export bob carol --markdown > talks.md

What comes out is no longer encrypted: mind who can read it. JSON has each message as it is, with its id and both times;
Markdown is for reading.
${WHAT_IS_KEPT}`

export function exportCommand(): Command {
  return withProfile(new Command('export'))
    .description('write whole conversations, or all, to standard output, from the oldest message')
    .argument('[user...]', 'whose conversations', accountNames)
    .addOption(new Option('--markdown', 'write it as a Markdown document').conflicts('json'))
    .addHelpText('after', EXPORT_HELP)
    .action(async (users: string[], { markdown, ...options }: ExportOptions) => {
      if (!markdown && !options.json) {
        throw new SottoError('ERR_USAGE', 'an export has no form', { hint: 'add --json or --markdown' })
      }
      const { markdownFormat } = await import('../clients/history/markdown.ts')
      await show(options, {
        names: users,
        ...(markdown && { format: markdownFormat }),
        select: (store, names) => store.messages(names),
        ifNone: 'nothing was said yet',
      })
    })
}

interface ForgetOptions extends ProfileOptions {
  readonly yes?: true
}

const FORGET_HELP = `
  sotto forget bob                   asks, and removes it
  sotto forget bob --yes             in a script

It goes from this machine's store alone: bob keeps what bob has, and so do your backups. What still waited for bob is not
sent any more. The key of bob stays known; see sotto contacts. A sotto chat, web or receive that runs for the profile must
be left first.
${WHAT_IS_KEPT}`

export function forgetCommand(): Command {
  return withProfile(new Command('forget'))
    .description('remove all that is kept of a conversation')
    .argument('<user>', 'the name of their account', accountName)
    .option('--yes', 'do not ask')
    .addHelpText('after', FORGET_HELP)
    .action(async (user: string, { yes, ...options }: ForgetOptions) => {
      const { forget, forgottenNotice } = await import('../clients/history/forget.ts')
      const { isYes } = await import('../clients/terminal/yes-no.ts')
      const profile = await openProfile(options)
      const unsent = await forget(profile, user, async (question) => {
        if (yes) return true
        if (process.stdin.isTTY === true) return await isYes(question, process.stdin, process.stderr)
        throw new SottoError('ERR_USAGE', 'nobody is there to ask', { hint: 'if you are sure, add --yes' })
      })
      if (options.json) printJson({ name: user, forgotten: unsent !== undefined, unsent })
      else if (unsent === undefined) notice(`nothing of ${user} is forgotten`, options)
      else notice(forgottenNotice(user, unsent), options)
    })
}

const UNDELIVERABLE_HELP = `
  sotto undeliverable                what waits for keys that contacts no longer have
  sotto undeliverable again 3f09     sends the message whose id begins so to the key that they have now
  sotto undeliverable drop 3f09      sends it to nobody; several ids can be named, or all

It goes to no other key by itself: whether the new one is theirs is for you to say; see sotto verify.`

export function undeliverableCommand(): Command {
  const command = withProfile(new Command('undeliverable'))
    .description('list the messages that wait for a key that was replaced, and send them again or drop them')
    .addHelpText('after', UNDELIVERABLE_HELP)
    .action(async (options: ProfileOptions) => {
      const { openKept } = await import('../clients/history/kept-history.ts')
      const { undeliverableMessages, undeliverableRow } = await import('../clients/history/undeliverable.ts')
      const { jsonFields } = await import('../clients/history/formats.ts')
      const profile = await openProfile(options)
      const store = openKept(profile)?.store
      try {
        const messages = store === undefined ? [] : undeliverableMessages(store, profile.state)
        const { account } = profile.state
        for (const message of messages) {
          if (options.json)
            printJson({ ...jsonFields(message, account?.username ?? profile.name), undeliverable: true })
          else process.stdout.write(`${undeliverableRow(message)}\n`)
        }
        if (messages.length === 0) notice('nothing waits for a key that was replaced', options)
      } finally {
        store?.close()
      }
    })
  return command
    .addCommand(settling('again', 'send them again, to the key that their contact has now'))
    .addCommand(settling('drop', 'send them to nobody'))
}

/** The command that has what waits for a replaced key sent again, or dropped. */
function settling(name: 'again' | 'drop', description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<id...>', 'of the messages, as sotto undeliverable shows them, or all')
    .action(async (typed: string[], _own: unknown, command: Command) => {
      // --profile and --json belong to the command above, wherever they stand.
      const options = command.optsWithGlobals<ProfileOptions>()
      const { dropMessages, sendAgain, undeliverableMessages, undeliverableRow, undeliverableWithIds } = await import(
        '../clients/history/undeliverable.ts'
      )
      const { hasStore } = await import('../clients/history/kept-history.ts')
      const { mayWrite } = await import('../clients/profile/permission.ts')
      const { openStore } = await import('../clients/store/open-store.ts')
      const profile = await openProfile(options)
      if (!hasStore(profile)) return void undeliverableWithIds([], typed)
      const { folder, key: profileKey } = profile.storage
      const store = openStore(folder, { profileKey })
      try {
        const messages = undeliverableWithIds(undeliverableMessages(store, profile.state), typed)
        if (name === 'again') await sendAgain(store, (contact) => mayWrite(profile, contact), messages)
        else dropMessages(store, profile.state, messages)
        const state = name === 'again' ? 'waiting' : 'dropped'
        for (const message of messages) {
          const { contact, event } = message
          if (options.json) printJson({ type: 'state', contact, id: event.eventId.toString('hex'), state })
          else
            notice(`${name === 'again' ? 'waits for their new key' : 'dropped'}: ${undeliverableRow(message)}`, options)
        }
      } finally {
        store.close()
      }
    })
}

type Selection = Pick<ShowOptions, 'names' | 'select' | 'ifNone'> & Partial<Pick<ShowOptions, 'format'>>

async function show(options: ProfileOptions, selection: Selection): Promise<void> {
  const { showKept } = await import('../clients/history/kept-history.ts')
  const { jsonFormat, lineFormat } = await import('../clients/history/formats.ts')
  const output = process.stdout
  const lines: ShowOptions['format'] = (ownName, isUndeliverable) => lineFormat(ownName, output, isUndeliverable)
  const format = options.json ? jsonFormat : lines
  const say = (text: string) => notice(text, options)
  await showKept({ profile: await openProfile(options), output, format, notice: say, ...selection })
}

function atLeastOne(text: string): number {
  const value = Number(text)
  if (/^[0-9]+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('It must be a whole number, at least 1.')
}
