/**
 * PostgreSQL's failures as errors: those that the machine or the host causes, and not our code.
 *
 * @module
 */
import { type ErrorCode, isSottoError, SottoError } from '../../errors.ts'

/** How soon it may be worth trying again, in milliseconds. */
const RETRY_AFTER_MS = 1_000

type Failure = readonly [code: ErrorCode, what: string, hint: string]

const UNREACHABLE: Failure = ['ERR_UNAVAILABLE', 'the database does not answer', 'it is tried again by itself']
const CONFLICT: Failure = ['ERR_BUSY', 'others change the same at this moment', 'try again']
const REFUSED: Failure = [
  'ERR_STORE',
  'the database refuses this service',
  'check the user and the password in its URL',
]

/** By SQLSTATE, or the beginning of one (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const BY_SQLSTATE: readonly (readonly [prefix: string, failure: Failure])[] = [
  ['08', UNREACHABLE],
  ['25006', ['ERR_SERVER_STORE', 'the database may not be written', 'it is a standby, or set to read only']],
  ['28', REFUSED],
  ['3D000', ['ERR_STORE', 'there is no such database', 'make it, or check the name in the URL']],
  ['40001', CONFLICT],
  ['40P01', CONFLICT],
  ['42501', ['ERR_SERVER_STORE', 'the database refuses this service what it needs', 'make the user its owner']],
  ['53100', ['ERR_SERVER_DISK_FULL', 'the disk is full', 'free some space; nothing that was stored is lost']],
  ['53300', ['ERR_UNAVAILABLE', 'the database has too many connections', 'raise its max_connections']],
  ['55P03', CONFLICT],
  ['57014', ['ERR_UNAVAILABLE', 'the database takes too long', 'look at what it is busy with']],
  ['57P', UNREACHABLE],
  ['58', ['ERR_SERVER_STORE', 'the disk fails to read or write the database', 'check the disk']],
  ['XX001', ['ERR_SERVER_STORE', 'the database is damaged', 'restore it from a backup']],
]

/** What the system says of a connection that does not come about, or breaks. */
const SYSTEM_CODES = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|E(HOST|NET)UNREACH|ENOTFOUND|EAI_AGAIN|ENOENT)$/

/** What the driver says of them, in words and without a code. */
const DRIVER_MESSAGES = /connection terminated|timeout (exceeded|expired)|read timeout|not queryable/i

/** What a failure of PostgreSQL, or of the way there, is to a caller; anything else comes back as it is. */
export function asStoreError(cause: unknown): unknown {
  if (isSottoError(cause) || !(cause instanceof Error)) return cause
  const failure = failureOf(cause)
  if (failure === undefined) return cause
  const [code, what, hint] = failure
  const mayPass = code === 'ERR_UNAVAILABLE' || code === 'ERR_BUSY'
  return new SottoError(code, what, { cause, hint, ...(mayPass && { retryAfterMs: RETRY_AFTER_MS }) })
}

/** Tells of a transaction that PostgreSQL ended because of others, so that it may be run again. */
export function isConflict(error: unknown): boolean {
  return isSottoError(error) && ['40001', '40P01'].includes(codeOf(error.cause))
}

function failureOf(cause: Error): Failure | undefined {
  const code = codeOf(cause)
  if (SYSTEM_CODES.test(code) || (code === '' && DRIVER_MESSAGES.test(cause.message))) return UNREACHABLE
  return BY_SQLSTATE.find(([prefix]) => code.startsWith(prefix))?.[1]
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
