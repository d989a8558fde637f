/**
 * SottoError to gRPC status and back: the one place that knows both.
 *
 * Beside the canonical code, a status carries a google.rpc.Status in the trailer `grpc-status-details-bin`, which
 * grpcurl and its like decode:
 *
 *     ErrorInfo   always         reason = the error code, domain = "sotto"
 *     BadRequest  where fields are wrong, each of them
 *     RetryInfo   where waiting helps
 *
 * An error that is no SottoError, or that nobody outside needs to know, becomes INTERNAL with one fixed text.
 *
 * @module
 */
import { Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js'
import type { Any } from '#gen/google/protobuf/any.ts'
import { Code } from '#gen/google/rpc/code.ts'
import { BadRequest, ErrorInfo, RetryInfo } from '#gen/google/rpc/error_details.ts'
import { Status } from '#gen/google/rpc/status.ts'
import { ERROR_CODES, type ErrorCode, type FieldViolation, isSottoError, SottoError } from '../errors.ts'
import { systemClock } from '../runtime/clock.ts'
import { mayGive } from './call-reasons.ts'
import { fromRetryDelay, toRetryDelay } from './retry-delay.ts'
import { EXPLANATIONS, isForOwner, wireErrorOf } from './status-table.ts'

/** The domain of every ErrorInfo.reason of ours. */
export const ERROR_DOMAIN = 'sotto'

/** The standard trailer (https://grpc.io/docs/guides/error/#richer-error-model). */
export const DETAILS_TRAILER = 'grpc-status-details-bin'

const TYPE_PREFIX = 'type.googleapis.com/google.rpc.'

/** The text for errors of which the caller learns nothing. */
const INTERNAL_TEXT = 'internal error'

/** A status as the gRPC library takes it. */
export interface OutgoingStatus {
  readonly code: Code
  readonly details: string
  readonly metadata: Metadata
}

/** The other end of a link, as far as it matters to an error that comes over it. */
export interface Link {
  /** The address for the message: `HOST:PORT`. */
  readonly address: string
  /** Whether TLS vouches for the other end. */
  readonly isTrusted: boolean
  /**
   * The path of the call: `/sotto.auth.v1.AuthService/Login`. Of the reasons that the other end gives, only those of
   * this call's contract are believed.
   */
  readonly path: string
  /** Whether the other end has begun to answer on a bidirectional stream: a failure is then a broken conversation. */
  readonly isTalking?: boolean
  /** The id of the call in the other end's log. */
  readonly requestId?: string
}

/**
 * The status for something that a handler threw.
 *
 * The text is the error's own if the caller gets its code unchanged, and the public code's otherwise, so that no text
 * distinguishes what the code does not.
 *
 * @param path - Of the call: who serves their own user tells more, and the hint.
 */
export function statusOf(thrown: unknown, path = ''): OutgoingStatus {
  const error = isSottoError(thrown) ? thrown : new SottoError('ERR_INTERNAL', INTERNAL_TEXT)
  const { status, code } = wireErrorOf(error.code, path)
  const text = publicText(error, code)
  const hint = isForOwner(path) && error.code === code ? error.hint : undefined
  const info = { reason: code, domain: ERROR_DOMAIN, metadata: new Map(hint === undefined ? [] : [['hint', hint]]) }
  const details = [pack('ErrorInfo', ErrorInfo, info)]
  if (OF_FIELDS.has(code) && error.violations.length > 0) {
    details.push(
      pack('BadRequest', BadRequest, {
        fieldViolations: error.violations.map((each) => ({ ...each, reason: '', localizedMessage: undefined })),
      }),
    )
  }
  if (error.retryAfterMs !== undefined) {
    details.push(pack('RetryInfo', RetryInfo, { retryDelay: toRetryDelay(error.retryAfterMs) }))
  }
  const metadata = new Metadata()
  metadata.set(DETAILS_TRAILER, Buffer.from(Status.encode({ code: status, message: text, details }).finish()))
  return { code: status, details: text, metadata }
}

/** The codes of which the fields are told that are wrong. */
const OF_FIELDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_INVALID_ARGUMENT', 'ERR_ENDPOINTS_REFUSED'])

/** The codes by which a caller learns of this machine's state, and no more. */
const FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_INTERNAL', 'ERR_SERVER_DISK_FULL', 'ERR_SERVER_STORE'])

/** Whether a thrown thing is a fault of this end, which the log must have with its cause: the caller does not learn that. */
export function isFault(thrown: unknown, path = ''): boolean {
  return !isSottoError(thrown) || FAULTS.has(wireErrorOf(thrown.code, path).code)
}

/**
 * The error for a status that came back.
 *
 * A reason that the contract does not list for this call, or that belongs to another status, is ignored: the error is
 * then what the bare status means. The words are always ours and never the other end's; field names and limits of a
 * BadRequest are kept as printable ASCII, and only from a trusted end.
 */
export function errorOf(status: StatusObject | ServiceError, link: Link): SottoError {
  const details = detailsOf(status)
  const reason = details && reasonOf(details)
  if (details === undefined || reason === undefined || !isOfContract(reason, status.code, link)) {
    return errorWithoutReason(status, link)
  }
  const explanation = EXPLANATIONS[reason] ?? EXPLANATIONS.ERR_INTERNAL
  const violations = link.isTrusted ? violationsOf(details) : []
  const message = [explanation?.message, ...violations.map((each) => `${each.field}: ${each.description}`)].join('; ')
  const retryAfterMs = retryDelayOf(details)
  return new SottoError(reason, message, {
    cause: status,
    violations,
    hint: reason === 'ERR_INTERNAL' ? logHint(link) : (explanation?.hint ?? logHint(link)),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/** Whether a call has failed without an answer of the other end: nobody was there, or the connection broke. */
export function isUnanswered(error: unknown): boolean {
  if (!isSottoError(error, 'ERR_UNAVAILABLE')) return false
  const status = error.cause as Partial<StatusObject> | undefined
  if (status?.code === undefined || status.metadata?.get(DETAILS_TRAILER).length) return false
  return UNANSWERED.has(status.code)
}

/** How the library tells that a connection could not be had or broke. */
const UNANSWERED: ReadonlySet<Code> = new Set<Code>([Code.UNAVAILABLE, Code.CANCELLED, Code.INTERNAL])

/** Whether a call may be refused with this reason, under this status. */
function isOfContract(reason: ErrorCode, status: Code, { path }: Link): boolean {
  return mayGive(path, reason) && wireErrorOf(reason, path).status === status
}

/** The words of OpenSSL and Node.js for a refused certificate or handshake, on either end; gRPC keeps only the text. */
const TLS_FAILURE = /certificate|altnames|SSL routines/i

/** The words of OpenSSL for a server's certificate that is not yet valid by this machine's clock. */
const NOT_YET_VALID = /certificate is not yet valid/i
const EXPIRED = /certificate has expired/i

/** A connection that broke under a call may show as INTERNAL or CANCELLED with this text (grpc-js 1.14). */
const BROKEN_CONNECTION = /RST_STREAM|connection/i

function errorWithoutReason(status: StatusObject | ServiceError, link: Link): SottoError {
  const at = `at ${link.address}`
  switch (status.code) {
    case Code.UNAVAILABLE:
      if (link.isTrusted && NOT_YET_VALID.test(status.details)) return notYetValid(at, status)
      if (link.isTrusted && EXPIRED.test(status.details)) return expired(at, status)
      if (link.isTrusted && TLS_FAILURE.test(status.details)) {
        return new SottoError('ERR_SERVER_UNTRUSTED', `the server ${at} cannot prove that it is the right one`, {
          cause: status,
          hint: 'check the address, and the certificate authority that you trust',
        })
      }
      return link.isTalking ? cut(link, status) : unavailable(`nobody answers ${at}`, status)
    case Code.DEADLINE_EXCEEDED:
      return unavailable(`no answer in time ${at}`, status)
    case Code.CANCELLED:
      return link.isTalking ? cut(link, status) : unavailable(`the call was broken off ${at}`, status)
    case Code.INTERNAL:
      if (!BROKEN_CONNECTION.test(status.details)) break
      return link.isTalking ? cut(link, status) : unavailable(`the connection broke ${at}`, status)
    case Code.RESOURCE_EXHAUSTED:
      return new SottoError('ERR_BUSY', `too much was asked for ${at}`, {
        cause: status,
        hint: 'try again in a moment',
      })
    case Code.UNIMPLEMENTED:
      return unavailable(`something else than the expected service answers ${at}`, status)
  }
  return new SottoError('ERR_INTERNAL', `the other end failed ${at}`, { cause: status, hint: logHint(link) })
}

/** Certificates begin an hour before they are made: a clock that shows less than that is behind. */
function notYetValid(at: string, cause: unknown): SottoError {
  return new SottoError(
    'ERR_CERTIFICATE_TIME',
    `${clockSays()}, when the certificate of the server ${at} did not exist`,
    {
      cause,
      hint: 'set the clock; if it is right, the server’s was ahead when it started: set that, and restart auth',
    },
  )
}

function expired(at: string, cause: unknown): SottoError {
  return new SottoError(
    'ERR_CERTIFICATE_TIME',
    `${clockSays()}, when the certificate of the server ${at} has expired`,
    {
      cause,
      hint: 'set the clock if it is ahead; if it is right, whoever runs the server restarts auth, which makes another one',
    },
  )
}

function clockSays(): string {
  return `the clock of this machine says ${systemClock.now().toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function logHint({ requestId }: Link): string {
  return requestId === undefined ? "the other end's log has the cause" : `its log has the cause, under ${requestId}`
}

function cut(link: Link, cause: unknown): SottoError {
  return new SottoError('ERR_CHANNEL_CUT', `the connection to ${link.address} broke`, { cause, hint: 'try again' })
}

function unavailable(message: string, cause: unknown): SottoError {
  return new SottoError('ERR_UNAVAILABLE', message, { cause, hint: 'check the address, and that the server runs' })
}

function publicText(error: SottoError, code: ErrorCode): string {
  if (code === 'ERR_INTERNAL') return INTERNAL_TEXT
  return error.code === code && code !== 'ERR_HELLO_REFUSED'
    ? error.message
    : (EXPLANATIONS[code]?.message ?? INTERNAL_TEXT)
}

/** The parts of a trailer that cannot be read count as absent: the canonical code still stands. */
function detailsOf(status: StatusObject | ServiceError): readonly Any[] | undefined {
  const [trailer] = status.metadata?.get(DETAILS_TRAILER) ?? []
  if (!(trailer instanceof Buffer)) return undefined
  try {
    return Status.decode(trailer).details
  } catch {
    return undefined
  }
}

const KNOWN_CODES: ReadonlySet<string> = new Set(ERROR_CODES)

function reasonOf(details: readonly Any[]): ErrorCode | undefined {
  const info = unpack(details, 'ErrorInfo', ErrorInfo)
  return info?.domain === ERROR_DOMAIN && KNOWN_CODES.has(info.reason) ? (info.reason as ErrorCode) : undefined
}

function violationsOf(details: readonly Any[]): FieldViolation[] {
  const found = unpack(details, 'BadRequest', BadRequest)?.fieldViolations ?? []
  return found.map((each) => ({ field: printable(each.field), description: printable(each.description) }))
}

function retryDelayOf(details: readonly Any[]): number | undefined {
  const delay = unpack(details, 'RetryInfo', RetryInfo)?.retryDelay
  return delay && fromRetryDelay(delay)
}

/** The text cut to 200 characters, without those that a terminal obeys. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)
}

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

function pack<T>(name: string, codec: Codec<T>, message: T): Any {
  return { typeUrl: TYPE_PREFIX + name, value: Buffer.from(codec.encode(message).finish()) }
}

function unpack<T>(details: readonly Any[], name: string, codec: Codec<T>): T | undefined {
  const found = details.find((each) => each.typeUrl === TYPE_PREFIX + name)
  try {
    return found && codec.decode(found.value)
  } catch {
    return undefined
  }
}
