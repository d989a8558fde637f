/**
 * The reasons with which each call may be refused, as its contract lists them. No other reason in a status is believed,
 * since programs act on reasons: a directory must not claim that a contact's key has changed, nor Auth that the user
 * has pressed Ctrl-C.
 *
 * The contracts in proto/ have the same lists; `test/rules/call-reasons.test.ts` compares the two.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts'

/** The reasons for which a service refuses calls: those of every call, and those of one call besides. */
export interface ServiceReasons {
  readonly every: readonly ErrorCode[]
  readonly calls: Readonly<Record<string, readonly ErrorCode[]>>
}

/**
 * The reasons that any server of ours gives by itself, before or beside a handler. Of a deadline that has passed a caller
 * needs no server to learn, so that it believes none.
 */
const BY_THE_SERVER = [
  'ERR_INVALID_ARGUMENT',
  'ERR_REQUEST_TOO_LARGE',
  'ERR_UNIMPLEMENTED',
  'ERR_UNAVAILABLE',
  'ERR_CHANNEL_CLOSED',
  'ERR_INTERNAL',
] as const

/** The reasons that any service with a database gives. */
const BY_A_SERVICE = [...BY_THE_SERVER, 'ERR_SERVER_DISK_FULL', 'ERR_SERVER_STORE'] as const

/** The reasons that a service for everybody gives: it may be full, or a caller may ask for too much. */
const BY_A_PUBLIC_SERVICE = [...BY_A_SERVICE, 'ERR_BUSY'] as const

/** The reasons that Auth gives whoever comes with a password, and a code. */
const TO_WHO_PROVES = [
  'ERR_LOGIN_REFUSED',
  'ERR_ACCOUNT_DISABLED',
  'ERR_CODE_REQUIRED',
  'ERR_CODE_REFUSED',
  'ERR_BUSY',
] as const

/** The reasons why a contact may not be written to. */
const OF_A_CONTACT = ['ERR_BLOCKED', 'ERR_KEY_CHANGED', 'ERR_KEY_MISMATCH'] as const

/** The reasons by the full name of a service, and then by the name of a call. */
export const CALL_REASONS: Readonly<Record<string, ServiceReasons>> = {
  'sotto.auth.v1.AuthService': {
    every: BY_A_PUBLIC_SERVICE,
    calls: {
      GetServerInfo: [],
      Login: [...TO_WHO_PROVES, 'ERR_ENROLMENT_REQUIRED', 'ERR_IDENTITY_CONFLICT'],
      Join: ['ERR_INVITE_REFUSED', 'ERR_TURNED_OFF', 'ERR_ACCOUNT_EXISTS', 'ERR_BUSY'],
      ChangePassword: ['ERR_SESSION_ENDED', 'ERR_LOGIN_REFUSED', 'ERR_BUSY'],
      BeginSecondFactor: TO_WHO_PROVES,
      RenewRecoveryCodes: [...TO_WHO_PROVES, 'ERR_ENROLMENT_REQUIRED'],
      EndSecondFactor: [...TO_WHO_PROVES, 'ERR_TURNED_OFF'],
      GetSecondFactor: ['ERR_SESSION_ENDED'],
      ListSessions: ['ERR_SESSION_ENDED'],
      EndSessions: ['ERR_SESSION_ENDED'],
      Logout: ['ERR_SESSION_ENDED'],
    },
  },
  'sotto.directory.v1.DirectoryService': {
    every: [...BY_A_PUBLIC_SERVICE, 'ERR_SESSION_ENDED'],
    calls: {
      Announce: ['ERR_ENDPOINTS_REFUSED', 'ERR_ANNOUNCE_REPLACED'],
      GetPresence: ['ERR_NO_SUCH_USER'],
      WatchPresence: [],
      ListUsers: ['ERR_TURNED_OFF'],
      RequestChat: ['ERR_NO_SUCH_USER', 'ERR_NOT_ONLINE', 'ERR_CHAT_WITH_SELF'],
      RequestLetters: [],
    },
  },
  'sotto.sealing.v1.SealingService': {
    every: [...BY_A_SERVICE, 'ERR_BUSY', 'ERR_CALLER_UNTRUSTED'],
    calls: {
      Authenticate: ['ERR_SESSION_ENDED'],
      FindAccount: ['ERR_NO_SUCH_USER'],
      ListAccounts: ['ERR_SESSION_ENDED', 'ERR_TURNED_OFF'],
      SealChats: [],
      SealLetters: [],
      WatchRevocations: [],
    },
  },
  'sotto.relay.v1.MailboxService': {
    every: [...BY_A_PUBLIC_SERVICE, 'ERR_SESSION_ENDED'],
    calls: {
      PutPrekeys: [],
      TakePrekeys: [],
      PostLetters: [],
      Collect: ['ERR_ANNOUNCE_REPLACED'],
    },
  },
  'sotto.relay.v1.RelayService': {
    every: [...BY_A_PUBLIC_SERVICE, 'ERR_SESSION_ENDED'],
    calls: {
      Attend: [],
      Call: ['ERR_NOT_ONLINE', 'ERR_UNAVAILABLE', 'ERR_HELLO_REFUSED'],
      Answer: ['ERR_NOT_ONLINE'],
    },
  },
  // Nothing authenticates what a peer link says outside a record, so it may hint at a retry and no more.
  'sotto.peer.v1.PeerService': {
    every: BY_THE_SERVER,
    calls: { Converse: ['ERR_HELLO_REFUSED', 'ERR_BUSY'] },
  },
  'sotto.agent.v1.AgentService': {
    every: [...BY_THE_SERVER, 'ERR_STORE', 'ERR_STORE_DAMAGED'],
    calls: {
      GetProfile: [],
      Watch: ['ERR_BUSY'],
      ListConversations: [],
      ListMessages: [],
      Search: [],
      ListPeople: ['ERR_TURNED_OFF', 'ERR_SESSION_ENDED'],
      Send: [...OF_A_CONTACT, 'ERR_NO_SUCH_USER', 'ERR_CHAT_WITH_SELF', 'ERR_MESSAGE_TOO_LARGE', 'ERR_SESSION_ENDED'],
      MarkRead: [],
      SetTyping: [],
      OfferFile: [
        ...OF_A_CONTACT,
        'ERR_INVALID_FILE',
        'ERR_MESSAGE_TOO_LARGE',
        'ERR_NO_SUCH_USER',
        'ERR_CHAT_WITH_SELF',
        'ERR_SESSION_ENDED',
      ],
      AnswerOffer: [...OF_A_CONTACT, 'ERR_NO_SUCH_FILE', 'ERR_FILE_SAVE_FAILED'],
      ListTransfers: [],
      PutBytes: [],
      GetBytes: ['ERR_NO_SUCH_FILE'],
      GetSafetyNumber: ['ERR_USAGE'],
      Verify: ['ERR_USAGE'],
      Trust: ['ERR_USAGE'],
      Block: [],
      Forget: [],
    },
  },
  'grpc.health.v1.Health': {
    every: [...BY_THE_SERVER, 'ERR_BUSY'],
    calls: { Check: ['ERR_NO_SUCH_SERVICE'], Watch: [] },
  },
}

/**
 * Whether a call may be refused with this reason.
 *
 * @param path - As on the wire: `/sotto.auth.v1.AuthService/Login`. Of a call that no contract here has, nothing is
 *   believed.
 */
export function mayGive(path: string, reason: ErrorCode): boolean {
  const [, service = '', call = ''] = path.split('/')
  const reasons = CALL_REASONS[service]
  return reasons !== undefined && (reasons.every.includes(reason) || (reasons.calls[call] ?? []).includes(reason))
}
