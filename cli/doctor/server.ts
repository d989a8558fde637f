/**
 * What `sotto doctor` asks the services, as a client of theirs.
 *
 * @module
 */
import { Presence } from '#gen/sotto/directory/v1/directory_service.ts'
import { SottoError } from '#lib/errors.ts'
import { CLOCK_SKEW_MS, PROTOCOL_VERSION } from '#lib/protocol.ts'
import { daysUntil, WARNING_DAYS } from '#lib/runtime/certificates/lifetimes.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { shownCertificates } from '#lib/runtime/tls.ts'
import type { Profile } from '../../clients/profile/profile.ts'
import type { Session, SignedIn } from '../../clients/profile/state.ts'
import { DirectoryClient } from '../../clients/session/directory-client.ts'
import { askServerTime, connectAuth, getServerInfo } from '../../clients/session/login.ts'
import { listSessions } from '../../clients/session/own-account.ts'
import { offsetOf, ServerClock } from '../../clients/session/server-clock.ts'
import { check, type Report, type Seen } from './finding.ts'

interface Looking {
  readonly profile: Profile
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Check the services of the one who is signed in. @returns who that is; undefined for nobody. */
export async function checkServer(report: Report, { profile, clock, signal }: Looking): Promise<SignedIn | undefined> {
  const signedIn = await check(report, 'signed in', () => {
    const { account, session } = profile.login
    return { account, session, text: `${account.username} at ${account.authAddress}` }
  })
  if (signedIn === undefined) return undefined
  const { account, session } = signedIn
  await check(report, 'certificate', () => checkCertificate(account, clock, signal))
  const isAnswered = await check(report, 'auth', () => checkAuth(account, signal))
  if (isAnswered !== undefined) {
    await check(report, 'clock', () => checkClock(account, clock, signal))
    await check(report, 'session', () => checkSession(profile, session, signal))
  }
  await check(report, 'directory', () => checkDirectory(account, session, { clock, signal }))
  return account
}

async function checkCertificate({ authAddress }: SignedIn, clock: Clock, signal: AbortSignal): Promise<Seen> {
  const [leaf] = await shownCertificates(authAddress, signal)
  if (leaf === undefined) return { text: 'none is shown' }
  return certificateSeen(leaf.validToDate, clock, "the server's")
}

/** What there is to do about a certificate of the services: they renew it long before by themselves. */
const SERVER_TODO = 'the host looks why auth does not renew it: its log says so; sotto admin rotate leaf'

/**
 * How long a certificate is still good for.
 *
 * @param todo - What there is to do where it ends soon.
 * @throws SottoError `ERR_CERTIFICATE_TIME` for a certificate that has ended.
 */
export function certificateSeen(end: Date, clock: Clock, whose: string, todo = SERVER_TODO): Seen {
  const days = Math.floor(daysUntil(end, clock))
  const text = `${whose} is good until ${end.toISOString().slice(0, 10)}`
  if (days >= WARNING_DAYS) return { text }
  if (days >= 0) return { text: `${text}: ${days} days`, todo }
  throw new SottoError('ERR_CERTIFICATE_TIME', `${whose} ended on ${end.toISOString().slice(0, 10)}`, {
    hint: `check this machine's date; if that is right: ${todo}`,
  })
}

async function checkAuth(account: SignedIn, signal: AbortSignal): Promise<Seen> {
  const auth = connectAuth(account)
  try {
    await getServerInfo(auth, account, signal)
    return { text: `answers at ${account.authAddress}, with version ${PROTOCOL_VERSION} of the protocol` }
  } finally {
    auth.close()
  }
}

async function checkClock(account: SignedIn, clock: Clock, signal: AbortSignal): Promise<Seen> {
  const sentAtMs = clock.now().getTime()
  const serverTime = await askServerTime(account, signal)
  const offsetMs = offsetOf(serverTime, sentAtMs, clock.now().getTime())
  const seconds = Math.round(Math.abs(offsetMs) / 1_000)
  if (Math.abs(offsetMs) <= CLOCK_SKEW_MS / 2) return { text: `${seconds} s from the server's` }
  const way = offsetMs > 0 ? 'behind' : 'ahead of'
  const todo = 'set it, as by: timedatectl set-ntp true; meanwhile it is made up for'
  return { text: `this machine's is ${seconds} s ${way} the server's`, todo }
}

async function checkSession(profile: Profile, { expiresAtMs }: Session, signal: AbortSignal): Promise<Seen> {
  const sessions = await listSessions(profile, signal)
  const end = sessions.find(({ isCurrent }) => isCurrent)?.expiresAt ?? new Date(expiresAtMs)
  return { text: `one of ${sessions.length} of the account, good until ${end.toISOString().slice(0, 10)} if unused` }
}

async function checkDirectory(
  account: SignedIn,
  session: Session,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Seen> {
  const serverClock = new ServerClock(clock, account.clockOffsetMs)
  const directory = new DirectoryClient({ account, session, clock: serverClock, trace: undefined })
  try {
    const presence = await directory.getPresence(account.username, signal)
    return { text: `answers, and says that you are ${presence === Presence.ONLINE ? 'online' : 'offline'}` }
  } finally {
    directory.close()
  }
}
