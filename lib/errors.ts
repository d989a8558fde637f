/**
 * The one error class, and the closed list of what can go wrong.
 *
 * A `SottoError` is an expected failure: somebody outside did, or lacked, something. A mistake of our own code is a
 * plain `TypeError`, and an expected absence is a value. `lib/rpc/status.ts` turns codes into gRPC status and back;
 * `clients/command/exit-codes.ts` turns them into exit codes.
 *
 * @module
 */

/** Every code, with the moment that it stands for. A code is public: scripts and other clients match on it. */
export const ERROR_CODES = [
  // what was asked for
  'ERR_USAGE', // a command line that cannot be read
  'ERR_CONFIG', // a setting that is missing, unknown or out of range
  'ERR_INVALID_ARGUMENT', // a request's field breaks a limit that its contract states
  'ERR_INVALID_UTF8', // a line to be sent, or an argument, is not UTF-8
  'ERR_MESSAGE_TOO_LARGE', // a text to be sent is over 1 MiB
  'ERR_INVALID_FILE', // a file that cannot be offered: not there, unreadable, changing, or of an impossible name
  'ERR_FILE_NOT_RECEIVED', // a file that was offered did not arrive: declined, cancelled, or it could not be kept
  'ERR_NO_SUCH_FILE', // no offer of this id waits for what is asked
  'ERR_FILE_SAVE_FAILED', // a file that comes cannot be kept: a full disk, a folder that may not be written
  'ERR_FILE_SOURCE_CHANGED', // a file that was offered has been changed or removed since
  'ERR_FILE_DAMAGED', // a file that came is not what was offered
  'ERR_REQUEST_TOO_LARGE', // a request to a server, or its metadata, is larger than the call may be
  'ERR_UNIMPLEMENTED', // a server does not have the call, or the compression, that it was asked for
  'ERR_DEADLINE_EXCEEDED', // the deadline that a caller set passed before the server had an answer
  // accounts and sessions
  'ERR_LOGIN_REFUSED', // unknown user or wrong password
  'ERR_ACCOUNT_DISABLED', // the host of the server has disabled the account
  'ERR_CODE_REQUIRED', // the account has a second factor, and no code of it was given
  'ERR_CODE_REFUSED', // a code of a second factor that is wrong, or has served
  'ERR_ENROLMENT_REQUIRED', // the account has no second factor, and what was asked for needs one
  'ERR_IDENTITY_CONFLICT', // the account belongs to another identity key
  'ERR_NOT_LOGGED_IN', // the profile has no session
  'ERR_SESSION_ENDED', // a bearer that is missing, unknown, expired or of an ended session
  'ERR_ACCOUNT_EXISTS', // an account of this name is there already, or an invite for it
  'ERR_INVITE_REFUSED', // the code of an invite that is none, used, expired or withdrawn, or for another name
  'ERR_NO_SUCH_INVITE', // no invite of this id
  'ERR_TURNED_OFF', // the host of the server does not offer what was asked for
  // the directory
  'ERR_NO_SUCH_USER', // no account of this name
  'ERR_NOT_ONLINE', // the account has no standing announcement
  'ERR_NO_MAILBOX', // the account takes no letters: it is signed in nowhere, or has put down no prekeys
  'ERR_CHAT_WITH_SELF', // sender and receiver are one account
  'ERR_ANNOUNCE_REPLACED', // a newer announcement of the account took this one's place
  'ERR_ENDPOINTS_REFUSED', // the directory tells others of none of the addresses that a receiver offers
  // reaching others
  'ERR_BUSY', // a queue or a cache is full; later it may not be
  'ERR_UNAVAILABLE', // a service cannot be reached
  'ERR_SERVER_DISK_FULL', // the disk of a service is full, as the service says
  'ERR_SERVER_STORE', // a service cannot read or write its database for another reason: locked, not writable, failing
  'ERR_NO_SUCH_SERVICE', // a server that was asked about something of its own that it does not have, such as a service
  'ERR_CA_MISMATCH', // the server's certificates do not lead to the authority that the user named
  'ERR_SERVER_UNTRUSTED', // TLS failed: another authority, another role, or an old version
  'ERR_CERTIFICATE_TIME', // the server's certificate is not valid at the time of this machine: one of the two is wrong
  'ERR_CALLER_UNTRUSTED', // the caller's certificate is not of the role that may call
  'ERR_PEER_UNREACHABLE', // none of the receiver's endpoints answers
  'ERR_PEER_SILENT', // the other end stopped answering
  // the ticket, as the receiver sees it
  'ERR_TICKET_INSTANCE', // sealed for another start of this receiver
  'ERR_TICKET_FORGED', // does not open, or what is inside is malformed
  'ERR_TICKET_RECEIVER', // names another receiver's identity key
  'ERR_TICKET_FUTURE', // issued later than the clock and the allowed skew
  'ERR_TICKET_EXPIRED', // over its time and the allowed skew
  'ERR_TICKET_REPLAYED', // opened before
  'ERR_TICKET_CACHE_FULL', // too many tickets to remember
  'ERR_TICKET_SENDER', // the handshake's static key is not the ticket's
  // the grant, as the sender sees it
  'ERR_GRANT_FORGED', // does not open, or what is inside is malformed
  'ERR_GRANT_NONCE', // is for another request
  'ERR_GRANT_TICKET', // belongs to another ticket
  'ERR_GRANT_RECEIVER', // names another receiver than was asked for
  'ERR_GRANT_EXPIRED', // over its time and the allowed skew
  // the channel
  'ERR_HELLO_MALFORMED', // a Hello or Welcome that cannot be read
  'ERR_HELLO_VERSION', // another protocol version or suite
  'ERR_HELLO_REFUSED', // what a peer learns of every refusal above
  'ERR_DECRYPT', // a ciphertext that does not authenticate
  'ERR_LOW_ORDER_KEY', // a Diffie-Hellman result of all zeros
  'ERR_NONCE_EXHAUSTED', // the last nonce is spent
  'ERR_RECORD_SIZE', // a record, or a record's plaintext, outside its limits
  'ERR_RECORD_MALFORMED', // a record that opens and cannot be read, or breaks the rules of its stream
  'ERR_CHANNEL_CUT', // the stream ended without an authenticated Close
  'ERR_CHANNEL_CLOSED', // the channel has ended
  'ERR_STREAM_RENEWED', // the two ends know a stream otherwise; a new one begins with the next conversation
  'ERR_NOT_ACKNOWLEDGED', // the conversation ended before everything was acknowledged
  // letters
  'ERR_LETTER_MALFORMED', // a letter, or the prekey that one is to be sealed for, that cannot be read
  'ERR_PREKEY_UNKNOWN', // a letter for a prekey that is not held, or no longer
  // trust and the profile
  'ERR_KEY_CHANGED', // a contact's identity key is not the pinned one
  'ERR_KEY_MISMATCH', // the user has compared safety numbers with a contact, and they did not agree
  'ERR_BLOCKED', // the user has blocked this contact
  'ERR_PROFILE_MISSING', // no profile of this name
  'ERR_PROFILE_DAMAGED', // the profile does not open under its key, or cannot be read
  'ERR_PASSPHRASE', // the profile's passphrase is wrong, or not to be had
  'ERR_PROFILE_LOCKED', // another process owns the profile
  'ERR_OUTPUT', // standard output takes no more
  'ERR_STORE', // a database cannot be opened, read or written
  'ERR_STORE_DAMAGED', // the store was changed from outside, or its disk fails
  'ERR_STORE_KEY', // the store belongs to another profile key
  // the rest
  'ERR_INTERRUPTED', // the user pressed Ctrl-C
  'ERR_INTERNAL', // a fault of ours; the log has the cause
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** A field of a request that breaks a limit, as google.rpc.BadRequest names it. */
export interface FieldViolation {
  /** The field's name in the contract, snake_case. */
  readonly field: string
  /** The limit, in words. */
  readonly description: string
}

export interface SottoErrorOptions {
  /** The cause; for the log, never for the peer. */
  readonly cause?: unknown
  /** The next step for the person in front of the screen: one clause. */
  readonly hint?: string
  /** How long to wait before the same call may succeed, in milliseconds. */
  readonly retryAfterMs?: number
  /** The fields that are wrong, for `ERR_INVALID_ARGUMENT`: all of them, not just the first. */
  readonly violations?: readonly FieldViolation[]
}

/**
 * An expected failure. The message is one clause, lower case, without a full stop, and holds no key, no plaintext and
 * no bytes that came from a peer.
 */
export class SottoError extends Error {
  override readonly name = 'SottoError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly retryAfterMs: number | undefined
  readonly violations: readonly FieldViolation[]

  constructor(code: ErrorCode, message: string, options: SottoErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.hint = options.hint
    this.retryAfterMs = options.retryAfterMs
    this.violations = options.violations ?? []
  }
}

/** The {@link SottoError} that was thrown; anything else is a fault of our own, and becomes `ERR_INTERNAL`. */
export function asSottoError(thrown: unknown): SottoError {
  return isSottoError(thrown) ? thrown : new SottoError('ERR_INTERNAL', 'a fault in sotto', { cause: thrown })
}

/** Whether something thrown is a {@link SottoError}, with this code if one is given. */
export function isSottoError(thrown: unknown, code?: ErrorCode): thrown is SottoError {
  return thrown instanceof SottoError && (code === undefined || thrown.code === code)
}
