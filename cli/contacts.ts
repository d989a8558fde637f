/** `sotto contacts`, `verify`, `trust`, `block` and `unblock`: what the profile makes of others' identity keys. */
import { Command, Option } from 'commander'
import type { Route } from '#lib/protocol.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { accountName } from '../clients/command/account-name.ts'
import type { Contact } from '../clients/history/contacts.ts'
import type { Profile } from '../clients/profile/profile.ts'
import type { Undelivered } from '../clients/store/reading/undelivered.ts'
import { notice, openProfile, type ProfileOptions, printJson, withProfile } from './profile-command.ts'
import type { VerifyOptions } from './verify.ts'

const CONTACTS_HELP = `
  new        something waits for them, or they are blocked, and no key of theirs is known yet
  pinned     the key that they had in your first conversation
  verified   you have compared it: sotto verify NAME
  changed    another was seen since: nothing goes to them until their own client answers, or sotto verify or trust
  mismatch   you have compared it, and it did not agree: nothing goes to them or comes from them until it does

By letter: the key of a letter, until a conversation proves it, or sotto verify NAME. With whom a chat, web, receive or
send of this profile talks now is here, and it says which way.`

export function contactsCommand(): Command {
  return withProfile(new Command('contacts'))
    .description('list the people you know: whether their keys are new, pinned, verified or changed, and what waits')
    .addHelpText('after', CONTACTS_HELP)
    .action(async (options: ProfileOptions) => {
      const { contactsOf } = await import('../clients/history/contacts.ts')
      const { undeliveredWords } = await import('../clients/store/reading/undelivered.ts')
      const { routesTo } = await import('../clients/profile/talking.ts')
      const profile = await openProfile(options)
      const contacts = contactsOf(profile)
      const routes = await routesTo(
        profile,
        contacts.map(({ name }) => name),
      )
      if (contacts.length === 0) notice('nobody is known yet: a first conversation, or letter, pins a key', options)
      for (const contact of contacts) {
        const route = routes.get(contact.name)
        if (options.json) printJson({ ...contact, route })
        else process.stdout.write(row(contact, route, undeliveredWords))
      }
    })
}

function row(
  { name, state, since, provisional, blocked, ...undelivered }: Contact,
  route: Route | undefined,
  undeliveredWords: (undelivered: Undelivered) => string[],
): string {
  const way = route === undefined ? '' : `here, ${route === 'relay' ? 'through the relay' : 'direct'}`
  const facts = [
    provisional ? 'by letter' : '',
    way,
    blocked ? 'blocked' : '',
    ...undeliveredWords(undelivered),
  ].filter(Boolean)
  const columns = [
    name.padEnd(32),
    state.padEnd(9),
    since?.toISOString().slice(0, 10) ?? ' '.repeat(10),
    facts.join(', '),
  ]
  return `${columns.join(' ').trimEnd()}\n`
}

export function trustCommand(): Command {
  return withProfile(new Command('trust'))
    .description("accept a contact's changed key, unverified; sotto verify is safer")
    .argument('<user>', 'the name of their account', accountName)
    .action(async (user: string, options: ProfileOptions) => {
      const { TRUSTED, trust } = await import('../clients/profile/pins.ts')
      const profile = await openProfile(options)
      const trusted = await trust(profile, user, systemClock.now())
      if (options.json) return await printContact(profile, user)
      notice(TRUSTED[trusted](user), options)
      await noticeUndeliverable(profile, user, options)
    })
}

const VERIFY_HELP = `
Both type it, each with the other's name, and compare: the digits or the words over the telephone, or one scans the
other's code. If they are equal, nobody stands between the two; if not, nothing goes or is shown until they are, or until
sotto trust NAME. While another key is said to be theirs, both are shown; verifying the seen one accepts it.`

export function verifyCommand(): Command {
  return withProfile(new Command('verify'))
    .description('show the safety number that you and a contact share, and note that you have compared it')
    .argument('<user>', 'the name of their account', accountName)
    .option('--yes', 'we have compared it, and it agrees: do not ask')
    .option('--no', 'we have compared it, and it does not agree')
    .addOption(new Option('--key <which>', 'whose number agrees, where two are shown').choices(['pinned', 'seen']))
    .addHelpText('after', VERIFY_HELP)
    .action(async (user: string, options: ProfileOptions & VerifyOptions) => {
      const { verifyContact } = await import('./verify.ts')
      const profile = await openProfile(options)
      const state = await verifyContact(profile, user, options)
      if (state === 'verified') await noticeUndeliverable(profile, user, options)
    })
}

/** Print a contact as it stands now, in the form of `sotto contacts --json`, for a script. */
async function printContact(profile: Profile, user: string): Promise<void> {
  const { contactOf } = await import('../clients/history/contacts.ts')
  printJson(contactOf(profile, user))
}

/** Say how many messages wait for a key that is not the one that is trusted now. */
async function noticeUndeliverable(profile: Profile, user: string, options: ProfileOptions): Promise<void> {
  const { contactOf } = await import('../clients/history/contacts.ts')
  const { undeliverableNotice } = await import('../clients/store/log/undeliverable.ts')
  const { forProfile } = await import('../clients/profile/login-line.ts')
  const { undeliverable } = contactOf(profile, user)
  if (undeliverable > 0) notice(forProfile(undeliverableNotice(user, undeliverable), profile.name), options)
}

export function blockCommand(): Command {
  return blocking('block', 'let nobody of this name in, and write to them no more', true)
}

export function unblockCommand(): Command {
  return blocking('unblock', 'let them in again, and write to them again', false)
}

function blocking(command: string, description: string, isBlocked: boolean): Command {
  return withProfile(new Command(command))
    .description(description)
    .argument('<user>', 'the name of their account', accountName)
    .action(async (user: string, options: ProfileOptions) => {
      const { setBlocked } = await import('../clients/profile/pins.ts')
      const profile = await openProfile(options)
      await setBlocked(profile, user, isBlocked)
      if (options.json) await printContact(profile, user)
      else notice(`${user} is ${isBlocked ? 'blocked' : 'not blocked'}`, options)
    })
}
