/** `sotto doctor`: looks at what may keep sotto from working here, and says what to do about it. */
import { Command } from 'commander'
import { isSottoError } from '#lib/errors.ts'
import { systemClock } from '#lib/runtime/clock.ts'
import { environment, sottoHome } from '#lib/runtime/environment.ts'
import { exitCodeOf } from '../../clients/command/exit-codes.ts'
import { type ListenFlags, withListenFlags } from '../../clients/command/listen-flags.ts'
import { forProfile } from '../../clients/profile/login-line.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import { notice, openProfile, type ProfileOptions, printJson, untilStopped, withProfile } from '../profile-command.ts'
import type { Finding, FindingState } from './finding.ts'

type DoctorOptions = ProfileOptions & ListenFlags

const HELP = `
  sotto doctor                       looks at this machine, the profile, the server and the way to it
  sotto doctor --listen [::]:7100 --advertise 203.0.113.7:7100
                                     with what you give to sotto receive or sotto chat
  sotto doctor --json

Nothing is changed, and nobody is called. On the host's machine the services are looked at, too. The exit code is 0 if
nothing is wrong; else it is that of the first fault.`

export function doctorCommand(): Command {
  return withListenFlags(withProfile(new Command('doctor')))
    .description('find out what does not work here, and what to do about it')
    .addHelpText('after', HELP)
    .action((options: DoctorOptions) => untilStopped((signal) => examine(options, signal)))
}

async function examine(options: DoctorOptions, signal: AbortSignal): Promise<void> {
  const { checkMachine } = await import('./machine.ts')
  const { checkHost, isHost } = await import('./host.ts')
  const { checkProfile } = await import('./own-profile.ts')
  const { checkServer } = await import('./server.ts')
  const { checkNetwork } = await import('./network.ts')
  const faults: Finding[] = []
  const report = (finding: Finding) => {
    if (finding.state === 'fault') faults.push(finding)
    print(finding, options)
  }
  const env = environment()
  const home = sottoHome(env)
  await checkMachine(report, home, systemClock.now().getTime())
  const isOfHost = await isHost(env, home)
  if (isOfHost) await checkHost(report, env, systemClock)
  const opening = openProfile(options, signal)
  opening.catch(() => undefined)
  // A host need not be a member.
  if (!isOfHost || !(await isMissing(opening))) {
    const profile = await checkProfile(report, () => opening)
    const account = profile && (await checkServer(report, { profile, clock: systemClock, signal }))
    const { listen, advertise } = options
    await checkNetwork(report, { listen, advertise, directoryAddress: account?.directoryAddress, profile })
  }
  conclude(faults, options)
}

async function isMissing(opening: Promise<Profile>): Promise<boolean> {
  return await opening.then(
    () => false,
    (error: unknown) => isSottoError(error, 'ERR_PROFILE_MISSING'),
  )
}

const LABELS: Readonly<Record<FindingState, string>> = { ok: 'ok   ', note: 'note ', fault: 'FAULT' }

function print({ about, state, text, todo, code }: Finding, { json, profile }: DoctorOptions): void {
  const next = todo && forProfile(todo, profile)
  if (json) {
    printJson({ type: 'finding', about, state, text, todo: next ?? null, code: code ?? null })
    return
  }
  const shown = text.replaceAll('\n', '\n  ')
  process.stdout.write(`${LABELS[state]} ${about}: ${shown}${code === undefined ? '' : ` (${code})`}\n`)
  if (next !== undefined) process.stdout.write(`      -> ${next}\n`)
}

function conclude(faults: readonly Finding[], options: DoctorOptions): void {
  const [first] = faults
  if (first === undefined) {
    notice('nothing is wrong', options)
    return
  }
  notice(
    faults.length === 1 ? 'one thing is wrong' : `${faults.length} things are wrong; begin with the first`,
    options,
  )
  process.exitCode = exitCodeOf(first.code ?? 'ERR_INTERNAL')
}
