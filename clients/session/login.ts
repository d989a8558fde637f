/**
 * Messages 1 and 2: a session for this installation, and its end.
 *
 * @module
 */
import { AuthServiceService, type BeginSecondFactorRequest } from '#gen/sotto/auth/v1/auth_service.ts'
import { isSottoError, SottoError } from '#lib/errors.ts'
import { type Connection, connect } from '#lib/rpc/client.ts'
import type { Clock } from '#lib/runtime/clock.ts'
import { fingerprintOf } from '#lib/runtime/tls.ts'
import { isSame } from '#lib/same-bytes.ts'
import { Secret } from '#lib/secret.ts'
import { deriveSessionKeys } from '#lib/session/session-keys.ts'
import { LETTER_LIFETIME_MS } from '#lib/ticket/letter-ticket.ts'
import type { Profile } from '../profile/profile.ts'
import { type Account, type FormerTicketKey, realmOfAccount } from '../profile/state.ts'
import { loginRequestEvent, loginResponseEvent } from '../trace/login-events.ts'
import type { Trace } from '../trace/trace.ts'
import { checkLogin, checkSecret, checkServerInfo } from './answers.ts'
import type { TrustedServer } from './authority.ts'
import { inTurn } from './backoff.ts'
import { type CodePrompt, withCode } from './code-prompt.ts'
import { offsetOf } from './server-clock.ts'

export interface LoginOptions {
  readonly profile: Profile
  readonly server: TrustedServer
  readonly username: string
  /** Asked for once the server has shown that it is the right one. */
  readonly askPassword: () => Promise<Secret>
  /** Asked for the code of a second factor, where the account has one; undefined where nobody can be. */
  readonly codes?: CodePrompt
  /** A code that is sent at once. */
  readonly firstCode?: string
  /** Take the account over where it belongs to another installation. */
  readonly replaceIdentityKey: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly trace: Trace
}

export type AuthConnection = Connection<typeof AuthServiceService>

/**
 * Begin a session and keep it in the profile. An earlier one of the profile is left to end by itself.
 *
 * @throws SottoError `ERR_USAGE` if the profile belongs to another account or installation; `ERR_CA_MISMATCH`,
 *   `ERR_SERVER_UNTRUSTED`, `ERR_UNAVAILABLE` if the server is the wrong one or silent; what Login gives.
 */
export async function login(options: LoginOptions): Promise<Account> {
  const { profile, server, username, clock } = options
  checkOwner(profile, username)
  const auth = connectAuth(server)
  try {
    const installation = await getServerInfo(auth, server, options.signal)
    checkOwner(profile, username, installation.realm)
    const { session, serverTime, sentAtMs, recoveryCodes } = await beginSession(auth, options, installation.realm)
    // First of all: nobody can show them again.
    if (recoveryCodes.length > 0) options.codes?.showRecoveryCodes(recoveryCodes)
    const clockOffsetMs = offsetOf(serverTime, sentAtMs, clock.now().getTime())
    const { authAddress } = server
    const learntAtMs = clock.now().getTime()
    const account: Account = { username, authAddress, ...installation, learntAtMs, clockOffsetMs, session }
    await profile.update((state) => {
      const formerTicketKeys = formerTicketKeysOf(state.account, learntAtMs)
      const kept = formerTicketKeys.length === 0 ? account : { ...account, formerTicketKeys }
      return { ...state, account: kept, isLoginDamaged: false }
    })
    return account
  } finally {
    auth.close()
  }
}

/** The ticket keys of sessions that a new one replaces: letters for them may be on their way for as long as they last. */
function formerTicketKeysOf(account: Account | undefined, nowMs: number): readonly FormerTicketKey[] {
  const { formerTicketKeys = [], session } = account ?? {}
  const last = session === undefined ? [] : [{ key: session.keys.ticketKey, untilMs: nowMs + LETTER_LIFETIME_MS }]
  return [...last, ...formerTicketKeys].filter(({ untilMs }) => untilMs > nowMs).slice(0, MAX_FORMER_TICKET_KEYS)
}

/** How many of them are kept: who signs in more often within 14 days loses letters, which wait with their writers. */
const MAX_FORMER_TICKET_KEYS = 16

/**
 * Check that a profile is this person's at this installation, or nobody's yet.
 *
 * @param realm - Of the installation; undefined before its server has told.
 * @throws SottoError `ERR_USAGE` as {@link checkAccount}.
 */
export function checkOwner(profile: Profile, username: string, realm?: Uint8Array): void {
  const { account } = profile.state
  const isSameRealm = account === undefined || realm === undefined || isSame(realmOfAccount(account), realm)
  checkAccount(profile, username, isSameRealm)
}

/**
 * A profile is one person's at one installation, since its pins and its identity key are.
 *
 * @param isSameRealm - Whether the server that is meant belongs to the profile's installation.
 * @throws SottoError `ERR_USAGE` if the profile belongs to another account or installation.
 */
export function checkAccount(profile: Profile, username: string, isSameRealm: boolean): void {
  const { account } = profile.state
  if (account === undefined) return
  if (account.username === username && isSameRealm) return
  const whose = isSameRealm ? account.username : `${account.username} at another installation`
  throw new SottoError('ERR_USAGE', `the profile ${profile.name} belongs to ${whose}`, {
    hint: 'choose another one with --profile NAME',
  })
}

/** An installation, as its Auth tells: where the directory is, by which authority it is trusted now, and its name. */
export type Installation = Pick<Account, 'directoryAddress' | 'relayAddresses' | 'authorityPem'> & {
  readonly realm: Uint8Array
}

/** What Auth says of the installation. @throws SottoError `ERR_CA_MISMATCH` if it is another one; `ERR_UNAVAILABLE`. */
export async function getServerInfo(
  auth: AuthConnection,
  server: TrustedServer,
  signal: AbortSignal,
): Promise<Installation> {
  const answer = await inTurn(() => auth.call.getServerInfo({}, { signal }), signal)
  const info = checkServerInfo(answer, server)
  const { authorityPem, realm, relayAddresses } = info
  return { directoryAddress: withHost(info.directoryAddress, server), relayAddresses, authorityPem, realm }
}

/** An address that Auth hands out, with the host under which Auth was reached where it has none. */
export function withHost(address: string, { authAddress }: Pick<TrustedServer, 'authAddress'>): string {
  const [host] = authAddress.split(/:\d+$/)
  return address.startsWith(':') ? `${host}${address}` : address
}

/**
 * Whether a fingerprint is that of an authority of an account's installation, the present one or one before it.
 *
 * @param fingerprint - 64 lower-case hexadecimal digits.
 * @throws SottoError as {@link getServerInfo}, if the account does not know it itself.
 */
export async function isAuthorityOf(account: Account, fingerprint: string, signal: AbortSignal): Promise<boolean> {
  if (fingerprint === fingerprintOf(account.authorityPem)) return true
  const auth = connectAuth(account)
  try {
    const answer = await inTurn(() => auth.call.getServerInfo({}, { signal }), signal)
    checkServerInfo(answer, account)
    return answer.authorities.some((certificate) => fingerprintOf(certificate) === fingerprint)
  } finally {
    auth.close()
  }
}

async function beginSession(auth: AuthConnection, options: LoginOptions, realm: Uint8Array) {
  const { profile, username, replaceIdentityKey, clock, signal, trace } = options
  const password = Buffer.from((await options.askPassword()).reveal()).toString('utf8')
  const identityKey = Buffer.from(profile.state.identity.publicKey)
  let sentAtMs = 0
  const enrol = async () => {
    await options.codes?.showSecret(await beginSecondFactor(auth, { username, password, code: '' }, signal))
  }
  const response = await withCode({ prompt: options.codes, first: options.firstCode, enrol }, async (code) => {
    const request = { username, password, identityKey, replaceIdentityKey, code }
    trace?.(loginRequestEvent(request))
    return await inTurn(() => {
      sentAtMs = clock.now().getTime()
      return auth.call.login(request, { signal })
    }, signal)
  })
  const { sessionToken, sessionId, expiresAtMs, serverTime, recoveryCodes } = checkLogin(response)
  const keys = deriveSessionKeys(Secret.of(sessionToken))
  trace?.(loginResponseEvent(response, username, { keys, realm }))
  // R has done its work: the five keys are all that either end keeps.
  sessionToken.fill(0)
  return { session: { sessionId, keys, expiresAtMs }, serverTime, sentAtMs, recoveryCodes }
}

/** Have a second factor drawn. @returns its secret. @throws what BeginSecondFactor gives. */
export async function beginSecondFactor(
  auth: AuthConnection,
  request: BeginSecondFactorRequest,
  signal: AbortSignal,
): Promise<Secret> {
  return checkSecret(await inTurn(() => auth.call.beginSecondFactor(request, { signal }), signal))
}

/**
 * End the session, here and at Auth.
 *
 * @throws SottoError `ERR_NOT_LOGGED_IN` if there is none; `ERR_UNAVAILABLE` if Auth does not answer: then it still
 *   stands, at both ends.
 */
export async function logout(profile: Profile, signal: AbortSignal): Promise<void> {
  const { account, session } = profile.login
  const auth = connectAuth(account)
  try {
    const end = () => auth.call.logout({}, { bearer: session.keys.authBearer, signal })
    await inTurn(end, signal).catch((error: unknown) => {
      if (!isSottoError(error, 'ERR_SESSION_ENDED')) throw error
    })
  } finally {
    auth.close()
  }
  await profile.update((state) => ({ ...state, account: state.account && { ...state.account, session: undefined } }))
}

/** The server's time now, over a verified link: for a client whose clock was set since its login. */
export async function askServerTime(server: TrustedServer, signal: AbortSignal): Promise<Date> {
  const auth = connectAuth(server)
  try {
    const answer = await inTurn(() => auth.call.getServerInfo({}, { signal }), signal)
    return checkServerInfo(answer, server).serverTime
  } finally {
    auth.close()
  }
}

/** Connects to Auth; to be closed. */
export function connectAuth({ authAddress, authorityPem }: TrustedServer): AuthConnection {
  return connect(AuthServiceService, { address: authAddress, security: { authorityPem, role: 'auth.sotto' } })
}
