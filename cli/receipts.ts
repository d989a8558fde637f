/** `sotto receipts`: whether others learn that one has read what they wrote. */
import { Argument, Command } from 'commander'
import { openProfile, type ProfileOptions, printFacts, printJson, withProfile } from './profile-command.ts'

const HELP = `
Off until you say otherwise. It is for all conversations of the profile, and for the chat that runs, too. What was told
is not taken back. A message is read when sotto chat has it on the screen, or when sotto receive has written it.`

export function receiptsCommand(): Command {
  return withProfile(new Command('receipts'))
    .description('show whether others see what you have read; with "on" or "off", set it')
    .addArgument(new Argument('[setting]').choices(['on', 'off']))
    .addHelpText('after', HELP)
    .action(async (setting: 'on' | 'off' | undefined, options: ProfileOptions) => {
      const { setReceipts } = await import('../clients/profile/settings.ts')
      const profile = await openProfile(options)
      if (setting !== undefined) await setReceipts(profile, setting === 'on')
      const { receipts } = profile.state
      if (options.json) printJson({ receipts })
      else printFacts({ receipts: receipts ? 'on' : 'off' })
    })
}
