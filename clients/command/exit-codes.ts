/**
 * The exit codes of the commands. Scripts rely on these numbers: they are documented in the README and do not change.
 *
 * @module
 */
import type { ErrorCode } from '#lib/errors.ts'

export const ExitCode = {
  /** Done; for a sender: all that was sent is acknowledged. */
  Done: 0,
  /** A fault of ours or of this machine. */
  Internal: 1,
  /** A command line or an input that cannot be used. */
  Usage: 2,
  /** A service or a person's machine does not answer, or answers what must not be trusted. */
  Unreachable: 3,
  /** Login refused, no session, or the session ended; a profile's passphrase that is wrong or not given. */
  LoginRefused: 4,
  NoSuchUser: 5,
  NotOnline: 6,
  /** A contact's identity key is not the pinned one, or their safety number did not agree. */
  KeyChanged: 7,
  NotAcknowledged: 8,
  /** Ctrl-C, as shells give it for SIGINT. */
  Interrupted: 130,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

const EXIT_CODES: Readonly<Record<ErrorCode, ExitCode>> = {
  ERR_USAGE: ExitCode.Usage,
  ERR_CONFIG: ExitCode.Usage,
  ERR_INVALID_ARGUMENT: ExitCode.Usage,
  ERR_INVALID_UTF8: ExitCode.Usage,
  ERR_MESSAGE_TOO_LARGE: ExitCode.Usage,
  ERR_INVALID_FILE: ExitCode.Usage,
  ERR_NO_SUCH_FILE: ExitCode.Usage,
  ERR_CHAT_WITH_SELF: ExitCode.Usage,
  ERR_ENDPOINTS_REFUSED: ExitCode.Usage,
  ERR_ACCOUNT_EXISTS: ExitCode.Usage,
  ERR_NO_SUCH_INVITE: ExitCode.Usage,
  ERR_BLOCKED: ExitCode.Usage,

  ERR_LOGIN_REFUSED: ExitCode.LoginRefused,
  ERR_INVITE_REFUSED: ExitCode.LoginRefused,
  ERR_TURNED_OFF: ExitCode.LoginRefused,
  ERR_ACCOUNT_DISABLED: ExitCode.LoginRefused,
  ERR_CODE_REQUIRED: ExitCode.LoginRefused,
  ERR_CODE_REFUSED: ExitCode.LoginRefused,
  ERR_ENROLMENT_REQUIRED: ExitCode.LoginRefused,
  ERR_IDENTITY_CONFLICT: ExitCode.LoginRefused,
  ERR_NOT_LOGGED_IN: ExitCode.LoginRefused,
  ERR_SESSION_ENDED: ExitCode.LoginRefused,
  ERR_ANNOUNCE_REPLACED: ExitCode.LoginRefused,
  ERR_PROFILE_MISSING: ExitCode.LoginRefused,
  ERR_PASSPHRASE: ExitCode.LoginRefused,

  ERR_NO_SUCH_USER: ExitCode.NoSuchUser,
  ERR_NOT_ONLINE: ExitCode.NotOnline,
  ERR_NO_MAILBOX: ExitCode.NotOnline,
  ERR_KEY_CHANGED: ExitCode.KeyChanged,
  ERR_KEY_MISMATCH: ExitCode.KeyChanged,

  ERR_BUSY: ExitCode.Unreachable,
  ERR_UNAVAILABLE: ExitCode.Unreachable,
  ERR_REQUEST_TOO_LARGE: ExitCode.Unreachable,
  ERR_UNIMPLEMENTED: ExitCode.Unreachable,
  ERR_DEADLINE_EXCEEDED: ExitCode.Unreachable,
  ERR_SERVER_DISK_FULL: ExitCode.Unreachable,
  ERR_SERVER_STORE: ExitCode.Unreachable,
  ERR_NO_SUCH_SERVICE: ExitCode.Unreachable,
  ERR_CA_MISMATCH: ExitCode.Unreachable,
  ERR_CERTIFICATE_TIME: ExitCode.Unreachable,
  ERR_CALLER_UNTRUSTED: ExitCode.Unreachable,
  ERR_SERVER_UNTRUSTED: ExitCode.Unreachable,
  ERR_PEER_UNREACHABLE: ExitCode.Unreachable,
  ERR_PEER_SILENT: ExitCode.Unreachable,
  ERR_TICKET_INSTANCE: ExitCode.Unreachable,
  ERR_TICKET_FORGED: ExitCode.Unreachable,
  ERR_TICKET_RECEIVER: ExitCode.Unreachable,
  ERR_TICKET_FUTURE: ExitCode.Unreachable,
  ERR_TICKET_EXPIRED: ExitCode.Unreachable,
  ERR_TICKET_REPLAYED: ExitCode.Unreachable,
  ERR_TICKET_CACHE_FULL: ExitCode.Unreachable,
  ERR_TICKET_SENDER: ExitCode.Unreachable,
  ERR_GRANT_FORGED: ExitCode.Unreachable,
  ERR_GRANT_NONCE: ExitCode.Unreachable,
  ERR_GRANT_TICKET: ExitCode.Unreachable,
  ERR_GRANT_RECEIVER: ExitCode.Unreachable,
  ERR_GRANT_EXPIRED: ExitCode.Unreachable,
  ERR_HELLO_MALFORMED: ExitCode.Unreachable,
  ERR_HELLO_VERSION: ExitCode.Unreachable,
  ERR_HELLO_REFUSED: ExitCode.Unreachable,
  ERR_DECRYPT: ExitCode.Unreachable,
  ERR_LOW_ORDER_KEY: ExitCode.Unreachable,
  ERR_NONCE_EXHAUSTED: ExitCode.Unreachable,
  ERR_RECORD_SIZE: ExitCode.Unreachable,
  ERR_RECORD_MALFORMED: ExitCode.Unreachable,
  ERR_STREAM_RENEWED: ExitCode.Unreachable,

  ERR_LETTER_MALFORMED: ExitCode.Unreachable,
  ERR_PREKEY_UNKNOWN: ExitCode.Unreachable,

  ERR_CHANNEL_CUT: ExitCode.NotAcknowledged,
  ERR_CHANNEL_CLOSED: ExitCode.NotAcknowledged,
  ERR_NOT_ACKNOWLEDGED: ExitCode.NotAcknowledged,
  ERR_FILE_NOT_RECEIVED: ExitCode.NotAcknowledged,
  ERR_FILE_SAVE_FAILED: ExitCode.NotAcknowledged,
  ERR_FILE_SOURCE_CHANGED: ExitCode.NotAcknowledged,
  ERR_FILE_DAMAGED: ExitCode.NotAcknowledged,

  ERR_PROFILE_DAMAGED: ExitCode.Internal,
  ERR_PROFILE_LOCKED: ExitCode.Internal,
  ERR_OUTPUT: ExitCode.Internal,
  ERR_STORE: ExitCode.Internal,
  ERR_STORE_DAMAGED: ExitCode.Internal,
  ERR_STORE_KEY: ExitCode.Internal,
  ERR_INTERNAL: ExitCode.Internal,

  ERR_INTERRUPTED: ExitCode.Interrupted,
}

/** The exit code for each error code. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_CODES[code]
}

/** The hints for failures that have none themselves. */
export const NEXT_STEPS: Readonly<Record<ExitCode, string | undefined>> = {
  [ExitCode.Done]: undefined,
  [ExitCode.Internal]: 'please report it, with what you did',
  [ExitCode.Usage]: 'change that, and try again; --help shows what there is',
  [ExitCode.Unreachable]: 'try again; --trace shows how far it comes',
  [ExitCode.LoginRefused]: 'sign in with: sotto login NAME',
  [ExitCode.NoSuchUser]: 'check the name',
  [ExitCode.NotOnline]: 'try again when they are online',
  [ExitCode.KeyChanged]: 'ask them, by another way, whether it is a new machine; if so: sotto trust NAME',
  [ExitCode.NotAcknowledged]: 'try again; what waits already goes with it',
  // Whoever pressed Ctrl-C knows.
  [ExitCode.Interrupted]: undefined,
}
