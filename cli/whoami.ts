/** `sotto whoami`: who one is here. */
import { Command } from 'commander'
import { openProfile, PROTECTION, type ProfileOptions, printFacts, withProfile } from './profile-command.ts'

export function whoamiCommand(): Command {
  return withProfile(new Command('whoami'))
    .description('show who you are here: name, server, session, identity key')
    .action(async (options: ProfileOptions) => {
      const profile = await openProfile(options)
      const { account, identity } = profile.state
      const session = account?.session
      printFacts(
        {
          name: account?.username ?? 'nobody yet',
          server: account?.authAddress ?? 'none',
          session: session === undefined ? 'none' : `until ${new Date(session.expiresAtMs).toISOString()}`,
          identity: Buffer.from(identity.publicKey).toString('hex'),
          profile: profile.name,
          protection: PROTECTION[profile.protection],
          receipts: profile.state.receipts ? 'on: others see what you have read' : 'off',
        },
        options,
      )
      // A script learns from the exit code whether there is a session.
      profile.login
    })
}
