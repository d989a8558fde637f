/** `sotto admin invite`, `invites` and `withdraw`: links by which people join, with passwords of their own choosing. */
import type { Command } from 'commander'
import { systemClock } from '#lib/runtime/clock.ts'
import { escapeName } from '../../clients/terminal/escape.ts'
import type { InviteSummary } from '../../services/auth/invites/invites.ts'
import { notice, printJson } from '../profile-command.ts'
import { HOUR_MS, hoursOption } from './hours.ts'
import { publicServer, readConfig } from './server.ts'

interface InviteOptions {
  readonly hours: number
  readonly displayName?: string
  readonly cohort?: string
  readonly json?: true
}

/** Adds the commands. */
export function withInvites(admin: Command): Command {
  admin
    .command('invite')
    .description('print a link by which somebody joins; whoever has the link can')
    .argument('[name]', 'the name of the account; without one, they choose it')
    .addOption(hoursOption())
    .option('--display-name <text>', 'what others read beside the name; up to 64 characters')
    .option('--cohort <cohort>', 'the group that the account is removed with: sotto admin remove-cohort NAME')
    .option('--json', 'say it as JSON')
    .action(async (name: string | undefined, { hours, displayName = '', cohort, json }: InviteOptions) => {
      const { invite } = await import('../../services/auth/invites/administration.ts')
      const { prepareDisplayName } = await import('#lib/display-name.ts')
      const { printInvite } = await import('./print-invite.ts')
      const config = await readConfig()
      const server = await publicServer(config)
      const invitee = { name, displayName: prepareDisplayName(displayName), cohort, isReset: false }
      const issued = await invite(config, systemClock, invitee, hours * HOUR_MS)
      await printInvite(config, issued, server, json === true)
    })
  admin
    .command('invites')
    .description('list the invites, the newest first: whom for, and whether they are open, used, expired or withdrawn')
    .option('--json', 'say it as JSON, one object a line')
    .action(async ({ json }: InviteOptions) => {
      const { invites } = await import('../../services/auth/invites/administration.ts')
      for (const each of await invites(await readConfig(), systemClock)) {
        if (json) printJson(inviteFields(each))
        else process.stdout.write(`${inviteRow(each)}\n`)
      }
    })
  admin
    .command('withdraw')
    .description('make invites worthless that nobody has used yet, all of these or none')
    .argument('<id...>', 'as sotto admin invites shows them')
    .action(async (ids: string[]) => {
      const { withdraw } = await import('../../services/auth/invites/administration.ts')
      await withdraw(await readConfig(), systemClock, ids)
      notice(`withdrawn: ${ids.join(', ')}`, {})
    })
  return admin
}

function inviteFields({ sinceMs, name, cohort, ...fields }: InviteSummary): object {
  return { ...fields, name: name ?? null, cohort: cohort ?? null, since: new Date(sinceMs) }
}

function inviteRow({ id, name = '(whoever has it)', displayName, cohort, state, sinceMs }: InviteSummary): string {
  const since = new Date(sinceMs).toISOString().slice(0, 16).replace('T', ' ')
  const facts = [id, state.padEnd(9), state === 'open' ? `until ${since}` : `since ${since}`, name.padEnd(16)]
  return [...facts, cohort ?? '', escapeName(displayName)].join(' ').trimEnd()
}
