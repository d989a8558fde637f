/** `sotto whoami` and `sotto trust`: what the profile holds, and what it makes of others' keys. */
import { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { openProfile, type ProfileOptions, say, tell, withProfile } from './profile-command.ts'

export function whoamiCommand(): Command {
  return withProfile(new Command('whoami'))
    .description('show who you are here: name, server, session, identity key')
    .action(async (options: ProfileOptions) => {
      const profile = await openProfile(options)
      const { account, identity } = profile.state
      const session = account?.session
      tell(
        {
          name: account?.username ?? 'nobody yet',
          server: account?.authAddress ?? 'none',
          session: session === undefined ? 'none' : `until ${new Date(session.expiresAtMs).toISOString()}`,
          identity: Buffer.from(identity.publicKey).toString('hex'),
          profile: profile.name,
          protection: 'a key file that only this system user can read',
        },
        options,
      )
      // A script learns from the exit code whether there is a session.
      profile.login
    })
}

export function trustCommand(): Command {
  return withProfile(new Command('trust'))
    .description("accept a contact's changed identity key, after you have asked him about it by another way")
    .argument('<user>')
    .action(async (user: string, options: ProfileOptions) => {
      const { trust } = await import('../clients/peer/pins.ts')
      const profile = await openProfile(options)
      const isChanged = await trust(profile, user, systemClock.now())
      say(isChanged ? `the new key of ${user} is trusted from now on` : `the key of ${user} has not changed`)
    })
}
