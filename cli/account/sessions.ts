/** `sotto sessions`: where one is signed in, and the end of that. */
import { Command } from 'commander'
import { SottoError } from '#lib/errors.ts'
import type { OwnSession } from '../../clients/session/own-account.ts'
import {
  notice,
  openProfile,
  type ProfileOptions,
  printJson,
  untilStopped,
  waitingNotice,
  withProfile,
} from '../profile-command.ts'

const HELP = `
  sotto sessions                every session of your account, the latest used first
  sotto sessions end 3f09       ends the one whose id begins so; several can be named
  sotto sessions end --others   ends all but this profile's

A session that is ended is refused everywhere within a second. If somebody may know your password, change it, which ends all
others, too: sotto password`

export function sessionsCommand(): Command {
  return withProfile(new Command('sessions'))
    .description('list where your account is signed in, and end sessions')
    .addHelpText('after', HELP)
    .action((options: ProfileOptions) =>
      untilStopped(async (signal) => {
        const { listSessions } = await import('../../clients/session/own-account.ts')
        const profile = await openProfile(options, signal)
        using waiting = await waitingNotice(options)
        waiting.begin('auth')
        const sessions = await listSessions(profile, signal)
        waiting.stop()
        for (const session of sessions) {
          if (options.json) printJson(fieldsOf(session))
          else process.stdout.write(row(session))
        }
      }),
    )
    .addCommand(endCommand())
}

interface EndOptions extends ProfileOptions {
  readonly others?: true
}

function endCommand(): Command {
  return new Command('end')
    .description('end sessions; the one of this profile ends by sotto logout')
    .argument('[id...]', 'of the sessions, as sotto sessions shows them')
    .option('--others', "all but this profile's")
    .action(async (typed: string[], _own: unknown, command: Command) => {
      // --profile and --json belong to the command above, wherever they stand.
      const options = command.optsWithGlobals<EndOptions>()
      if (typed.length > 0 === (options.others === true)) {
        throw new SottoError('ERR_USAGE', 'it is not clear which sessions are meant', {
          hint: 'name some by their ids, or add --others',
        })
      }
      await untilStopped((signal) => end(typed, options, signal))
    })
}

async function end(typed: readonly string[], options: EndOptions, signal: AbortSignal): Promise<void> {
  const { endSessions, listSessions } = await import('../../clients/session/own-account.ts')
  const profile = await openProfile(options, signal)
  using waiting = await waitingNotice(options)
  waiting.begin('auth')
  const ids = typed.length === 0 ? [] : idsOf(typed, await listSessions(profile, signal))
  const ended = await endSessions(profile, ids, signal)
  waiting.stop()
  if (options.json) printJson({ ended })
  else notice(ended === 1 ? 'one session has ended' : `${ended} sessions have ended`, options)
}

/** The sessions whose ids begin as typed. @throws SottoError `ERR_USAGE` if that is none, several, or this profile's. */
function idsOf(typed: readonly string[], sessions: readonly OwnSession[]): string[] {
  return typed.map((begun) => {
    const [found, ...others] = sessions.filter(({ id }) => id.startsWith(begun.toLowerCase()))
    if (found === undefined || others.length > 0) {
      throw new SottoError('ERR_USAGE', `${found === undefined ? 'no session' : 'more than one session'} is meant`, {
        hint: 'the ids are the first column of: sotto sessions',
      })
    }
    if (found.isCurrent) {
      throw new SottoError('ERR_USAGE', 'that is the session of this profile', { hint: 'it ends by: sotto logout' })
    }
    return found.id
  })
}

function fieldsOf({ id, createdAt, lastUsedAt, expiresAt, isCurrent }: OwnSession): object {
  return { id, createdAt, lastUsedAt, expiresAt, current: isCurrent }
}

/** How many digits of an id are shown. */
const SHOWN_DIGITS = 8

function row({ id, createdAt, lastUsedAt, isCurrent }: OwnSession): string {
  const minute = (time: Date) => time.toISOString().slice(0, 16).replace('T', ' ')
  const times = `since ${minute(createdAt)}  last used about ${minute(lastUsedAt)}`
  return `${id.slice(0, SHOWN_DIGITS)}  ${times}${isCurrent ? '  this profile' : ''}\n`
}
