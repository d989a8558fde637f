/** `sotto whoami`: who one is here. */
import { Command } from 'commander'
import type { Profile } from '../clients/profile/profile.ts'
import type { Reach } from '../clients/profile/state.ts'
import { openProfile, PROTECTION, type ProfileOptions, printFacts, printJson, withProfile } from './profile-command.ts'

export function whoamiCommand(): Command {
  return withProfile(new Command('whoami'))
    .description('show who you are here: name, server, session, identity key')
    .action(async (options: ProfileOptions) => {
      const profile = await openProfile(options)
      if (options.json) printJson(whoamiFields(profile))
      else printFacts(whoamiFacts(profile))
      // A script learns from the exit code whether there is a session.
      profile.login
    })
}

/** The JSON fields about the user of a profile; null for what is not known. */
export function whoamiFields({ name: profile, protection, state }: Profile): object {
  const { account, identity, receipts, reach } = state
  return {
    name: account?.username ?? null,
    server: account?.authAddress ?? null,
    sessionExpiresAt: account?.session === undefined ? null : new Date(account.session.expiresAtMs),
    identity: Buffer.from(identity.publicKey).toString('hex'),
    profile,
    protection,
    receipts,
    reach,
  }
}

const WAYS: Readonly<Record<Reach, string>> = {
  any: 'direct, or through the relay where direct cannot be',
  relay: 'through the relay alone',
  direct: 'direct alone',
}

function whoamiFacts({ name: profile, protection, state }: Profile): Readonly<Record<string, string>> {
  const { account, identity, receipts, reach } = state
  const session = account?.session
  return {
    name: account?.username ?? 'nobody yet',
    server: account?.authAddress ?? 'none',
    session: session === undefined ? 'none' : `until ${new Date(session.expiresAtMs).toISOString()}`,
    identity: Buffer.from(identity.publicKey).toString('hex'),
    profile,
    protection: PROTECTION[protection],
    receipts: receipts ? 'on: others see what you have read' : 'off',
    way: WAYS[reach],
  }
}
