/**
 * The form of each error code on the wire: its canonical gRPC status, and the code that the caller gets.
 *
 * @module
 */
import { Code } from '#gen/google/rpc/code.ts'
import { enumNames } from '../enum-names.ts'
import type { ErrorCode } from '../errors.ts'

/** What gRPC calls a canonical status: `NOT_FOUND`. */
export const statusName = enumNames(Code)

export interface WireError {
  readonly status: Code
  /** The code that the caller gets. Several refusals share one, so that the caller cannot tell them apart. */
  readonly code: ErrorCode
}

/** The answer of a receiver to every Hello that it refuses, whatever was wrong with it. */
const HELLO_REFUSED: WireError = { status: Code.UNAUTHENTICATED, code: 'ERR_HELLO_REFUSED' }

/** The error of a peer when a channel ends for good; the details stay in its own log. */
const CHANNEL_CLOSED: WireError = { status: Code.ABORTED, code: 'ERR_CHANNEL_CLOSED' }

/** The error for faults that the caller cannot change: the caller learns nothing else, and the log has the cause. */
const INTERNAL: WireError = { status: Code.INTERNAL, code: 'ERR_INTERNAL' }

/** The error on the wire for every code. A new code does not compile until it stands here. */
export const WIRE_ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  ERR_USAGE: INTERNAL,
  ERR_CONFIG: INTERNAL,
  ERR_INVALID_ARGUMENT: { status: Code.INVALID_ARGUMENT, code: 'ERR_INVALID_ARGUMENT' },
  ERR_INVALID_UTF8: INTERNAL,
  ERR_MESSAGE_TOO_LARGE: INTERNAL,
  ERR_INVALID_FILE: INTERNAL,
  ERR_FILE_NOT_RECEIVED: INTERNAL,
  ERR_NO_SUCH_FILE: INTERNAL,
  ERR_FILE_SAVE_FAILED: INTERNAL,
  ERR_FILE_SOURCE_CHANGED: INTERNAL,
  ERR_FILE_DAMAGED: INTERNAL,

  ERR_REQUEST_TOO_LARGE: { status: Code.RESOURCE_EXHAUSTED, code: 'ERR_REQUEST_TOO_LARGE' },
  ERR_UNIMPLEMENTED: { status: Code.UNIMPLEMENTED, code: 'ERR_UNIMPLEMENTED' },
  ERR_DEADLINE_EXCEEDED: { status: Code.DEADLINE_EXCEEDED, code: 'ERR_DEADLINE_EXCEEDED' },

  ERR_LOGIN_REFUSED: { status: Code.UNAUTHENTICATED, code: 'ERR_LOGIN_REFUSED' },
  ERR_ACCOUNT_DISABLED: { status: Code.PERMISSION_DENIED, code: 'ERR_ACCOUNT_DISABLED' },
  ERR_CODE_REQUIRED: { status: Code.UNAUTHENTICATED, code: 'ERR_CODE_REQUIRED' },
  ERR_CODE_REFUSED: { status: Code.UNAUTHENTICATED, code: 'ERR_CODE_REFUSED' },
  ERR_ENROLMENT_REQUIRED: { status: Code.FAILED_PRECONDITION, code: 'ERR_ENROLMENT_REQUIRED' },
  ERR_IDENTITY_CONFLICT: { status: Code.FAILED_PRECONDITION, code: 'ERR_IDENTITY_CONFLICT' },
  ERR_NOT_LOGGED_IN: INTERNAL,
  ERR_SESSION_ENDED: { status: Code.UNAUTHENTICATED, code: 'ERR_SESSION_ENDED' },
  ERR_ACCOUNT_EXISTS: { status: Code.ALREADY_EXISTS, code: 'ERR_ACCOUNT_EXISTS' },
  ERR_INVITE_REFUSED: { status: Code.UNAUTHENTICATED, code: 'ERR_INVITE_REFUSED' },
  ERR_NO_SUCH_INVITE: INTERNAL,
  ERR_TURNED_OFF: { status: Code.FAILED_PRECONDITION, code: 'ERR_TURNED_OFF' },

  ERR_NO_SUCH_USER: { status: Code.NOT_FOUND, code: 'ERR_NO_SUCH_USER' },
  ERR_NOT_ONLINE: { status: Code.FAILED_PRECONDITION, code: 'ERR_NOT_ONLINE' },
  ERR_NO_MAILBOX: { status: Code.FAILED_PRECONDITION, code: 'ERR_NO_MAILBOX' },
  ERR_CHAT_WITH_SELF: { status: Code.FAILED_PRECONDITION, code: 'ERR_CHAT_WITH_SELF' },
  ERR_ANNOUNCE_REPLACED: { status: Code.ABORTED, code: 'ERR_ANNOUNCE_REPLACED' },
  ERR_ENDPOINTS_REFUSED: { status: Code.PERMISSION_DENIED, code: 'ERR_ENDPOINTS_REFUSED' },

  ERR_BUSY: { status: Code.RESOURCE_EXHAUSTED, code: 'ERR_BUSY' },
  ERR_UNAVAILABLE: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_SERVER_DISK_FULL: { status: Code.UNAVAILABLE, code: 'ERR_SERVER_DISK_FULL' },
  ERR_SERVER_STORE: { status: Code.UNAVAILABLE, code: 'ERR_SERVER_STORE' },
  ERR_NO_SUCH_SERVICE: { status: Code.NOT_FOUND, code: 'ERR_NO_SUCH_SERVICE' },
  // The server could not reach another one that it needs. Its own doubts are nothing that the caller can act on.
  ERR_CA_MISMATCH: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_SERVER_UNTRUSTED: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_CERTIFICATE_TIME: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_CALLER_UNTRUSTED: { status: Code.PERMISSION_DENIED, code: 'ERR_CALLER_UNTRUSTED' },
  ERR_PEER_UNREACHABLE: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_PEER_SILENT: CHANNEL_CLOSED,

  ERR_TICKET_INSTANCE: HELLO_REFUSED,
  ERR_TICKET_FORGED: HELLO_REFUSED,
  ERR_TICKET_RECEIVER: HELLO_REFUSED,
  ERR_TICKET_FUTURE: HELLO_REFUSED,
  ERR_TICKET_EXPIRED: HELLO_REFUSED,
  ERR_TICKET_REPLAYED: HELLO_REFUSED,
  ERR_TICKET_CACHE_FULL: { status: Code.RESOURCE_EXHAUSTED, code: 'ERR_BUSY' },
  ERR_TICKET_SENDER: HELLO_REFUSED,

  ERR_GRANT_FORGED: INTERNAL,
  ERR_GRANT_NONCE: INTERNAL,
  ERR_GRANT_TICKET: INTERNAL,
  ERR_GRANT_RECEIVER: INTERNAL,
  ERR_GRANT_EXPIRED: INTERNAL,

  ERR_HELLO_MALFORMED: HELLO_REFUSED,
  ERR_HELLO_VERSION: HELLO_REFUSED,
  ERR_HELLO_REFUSED: HELLO_REFUSED,
  ERR_DECRYPT: HELLO_REFUSED,
  ERR_LOW_ORDER_KEY: HELLO_REFUSED,
  ERR_NONCE_EXHAUSTED: CHANNEL_CLOSED,
  ERR_RECORD_SIZE: CHANNEL_CLOSED,
  ERR_RECORD_MALFORMED: CHANNEL_CLOSED,
  ERR_CHANNEL_CUT: CHANNEL_CLOSED,
  ERR_CHANNEL_CLOSED: CHANNEL_CLOSED,
  ERR_STREAM_RENEWED: CHANNEL_CLOSED,
  ERR_NOT_ACKNOWLEDGED: CHANNEL_CLOSED,

  ERR_LETTER_MALFORMED: INTERNAL,
  ERR_PREKEY_UNKNOWN: INTERNAL,

  // To a stranger, a receiver that does not know the key is one that refuses; to the contact it says so under seal.
  ERR_KEY_CHANGED: HELLO_REFUSED,
  ERR_KEY_MISMATCH: HELLO_REFUSED,
  ERR_BLOCKED: HELLO_REFUSED,
  ERR_PROFILE_MISSING: INTERNAL,
  ERR_PROFILE_DAMAGED: INTERNAL,
  ERR_PASSPHRASE: INTERNAL,
  ERR_PROFILE_LOCKED: INTERNAL,
  ERR_OUTPUT: INTERNAL,
  ERR_STORE: INTERNAL,
  ERR_STORE_DAMAGED: INTERNAL,
  ERR_STORE_KEY: INTERNAL,

  ERR_INTERRUPTED: { status: Code.UNAVAILABLE, code: 'ERR_UNAVAILABLE' },
  ERR_INTERNAL: INTERNAL,
}

const FAILED: Code = Code.FAILED_PRECONDITION

/**
 * What else the programs of the user learn, over the socket of the user's own client: there nothing has to be withheld.
 * A code that is not here is as above.
 */
const OWNER_ERRORS: Readonly<Partial<Record<ErrorCode, WireError>>> = {
  ERR_USAGE: { status: FAILED, code: 'ERR_USAGE' },
  ERR_MESSAGE_TOO_LARGE: { status: Code.INVALID_ARGUMENT, code: 'ERR_MESSAGE_TOO_LARGE' },
  ERR_INVALID_FILE: { status: Code.INVALID_ARGUMENT, code: 'ERR_INVALID_FILE' },
  ERR_NO_SUCH_FILE: { status: Code.NOT_FOUND, code: 'ERR_NO_SUCH_FILE' },
  ERR_FILE_SAVE_FAILED: { status: FAILED, code: 'ERR_FILE_SAVE_FAILED' },
  ERR_KEY_CHANGED: { status: FAILED, code: 'ERR_KEY_CHANGED' },
  ERR_KEY_MISMATCH: { status: FAILED, code: 'ERR_KEY_MISMATCH' },
  ERR_BLOCKED: { status: FAILED, code: 'ERR_BLOCKED' },
  ERR_STORE: { status: Code.UNAVAILABLE, code: 'ERR_STORE' },
  ERR_STORE_DAMAGED: { status: Code.DATA_LOSS, code: 'ERR_STORE_DAMAGED' },
}

/** The service that a client serves to the user's own programs, as the path of its calls begins. */
const OWNER_PATH = '/sotto.agent.v1.AgentService/'

/** The error on the wire for a code, in a call of this path. */
export function wireErrorOf(code: ErrorCode, path: string): WireError {
  return (isForOwner(path) ? OWNER_ERRORS[code] : undefined) ?? WIRE_ERRORS[code]
}

/** Whether a call is one of the user's own programs. */
export function isForOwner(path: string): boolean {
  return path.startsWith(OWNER_PATH)
}

/** The message and the hint for codes from the other end that a person can act on. */
export const EXPLANATIONS: Readonly<Partial<Record<ErrorCode, { message: string; hint: string }>>> = {
  ERR_INVALID_ARGUMENT: {
    message: 'the server refuses the request as malformed',
    hint: 'check that both ends are of the same version',
  },
  ERR_REQUEST_TOO_LARGE: {
    message: 'the request is larger than the server takes',
    hint: 'check that both ends are of the same version',
  },
  ERR_UNIMPLEMENTED: {
    message: 'the server does not know what it was asked for',
    hint: 'it may be older than this program: whoever runs it can bring it up to date',
  },
  ERR_LOGIN_REFUSED: {
    message: 'wrong name or password',
    hint: 'check both; the administrator can set a new password',
  },
  ERR_ACCOUNT_DISABLED: {
    message: 'this account is disabled',
    hint: 'ask whoever runs the server; nothing of what is kept here is lost',
  },
  ERR_CODE_REQUIRED: {
    message: 'this account has a second factor, and no code was given',
    hint: 'sign in at a terminal, which asks for it; a script pipes it in as a line after the password, or names a file with --code-file',
  },
  ERR_CODE_REFUSED: {
    message: 'the code is wrong, or has served already',
    hint: 'take the next one that your app shows, and see that the clock of its device is right; or use a recovery code',
  },
  ERR_ENROLMENT_REQUIRED: {
    message: 'the account has no second factor yet, and needs one',
    hint: 'sign in at a terminal, which sets one up, or: sotto second-factor on',
  },
  ERR_IDENTITY_CONFLICT: {
    message: 'this account belongs to another installation',
    hint: 'use that one, or log in here with --replace-identity: every contact then sees a changed key',
  },
  ERR_SESSION_ENDED: { message: 'the session has ended', hint: 'sign in again with: sotto login NAME' },
  ERR_ACCOUNT_EXISTS: { message: 'there is an account of this name already', hint: 'choose another name' },
  ERR_INVITE_REFUSED: {
    message: 'the server does not take this invite',
    hint: 'each serves once and for some days: ask whoever runs the server for another; if it was yours, sign in: sotto login NAME',
  },
  ERR_TURNED_OFF: {
    message: 'the server does not offer this',
    hint: 'whoever runs it has turned it off',
  },
  ERR_NO_SUCH_USER: { message: 'there is no such user', hint: 'check the name' },
  ERR_NOT_ONLINE: {
    message: 'the receiver is not online',
    hint: 'try again when they are, or add --queue to let it wait',
  },
  ERR_NO_MAILBOX: { message: 'nothing can be left for the receiver', hint: 'it waits here until they are online' },
  ERR_CHAT_WITH_SELF: { message: 'sender and receiver are the same account', hint: 'name somebody else' },
  ERR_ANNOUNCE_REPLACED: {
    message: 'another chat or receive of this account has come online, and took the place of this one',
    hint: 'one is online at a time: leave that one, and start this again to take the place back',
  },
  ERR_ENDPOINTS_REFUSED: {
    message: 'the directory tells others of none of these addresses',
    hint: 'offer one of your own network, or ask whoever runs the server to allow yours',
  },
  ERR_BUSY: { message: 'the other end is busy', hint: 'try again in a moment' },
  ERR_UNAVAILABLE: { message: 'the server does not answer', hint: 'check its address and that it runs' },
  ERR_SERVER_DISK_FULL: {
    message: "the server's disk is full",
    hint: 'tell whoever runs it to free some space; then try again',
  },
  ERR_SERVER_STORE: {
    message: 'the server cannot use its database',
    hint: 'tell whoever runs it: its log has the cause; then try again',
  },
  ERR_NO_SUCH_SERVICE: { message: 'the server has no such service', hint: 'check the name, and the address' },
  ERR_CALLER_UNTRUSTED: {
    message: "the server does not let in this program's certificate",
    hint: 'check which certificate it was started with',
  },
  ERR_HELLO_REFUSED: { message: 'the receiver refuses the conversation', hint: "the receiver's log says why" },
  ERR_CHANNEL_CLOSED: { message: 'the other end has closed the channel', hint: 'try again' },
  ERR_CHANNEL_CUT: { message: 'the connection broke', hint: 'try again' },
  ERR_INTERNAL: { message: 'the server failed', hint: "the server's log has the cause" },
}
