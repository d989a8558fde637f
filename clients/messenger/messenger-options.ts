/**
 * The options and the events of a messenger.
 *
 * @module
 */
import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { ChannelTimes } from '#lib/channel/channel-times.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import type { Logger } from '#lib/runtime/log.ts'
import type { MailboxClient } from '../letters/mailbox.ts'
import type { ConversationEnd } from '../peer/close-reasons.ts'
import type { Profile } from '../profile/profile.ts'
import type { Account } from '../profile/state.ts'
import type { BackoffOptions } from '../session/backoff.ts'
import type { DirectoryClient } from '../session/directory-client.ts'
import type { ServerClock } from '../session/server-clock.ts'
import type { Progress } from '../store/log/progress.ts'
import type { Store } from '../store/store.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import type { Trace } from '../trace/trace.ts'

/** The events of a messenger, for whatever shows them. */
export interface MessengerEvents {
  /** Events that are new, in order; they are in the store. Whether they came by letter is said where they did. */
  readonly onReceived: (name: string, events: readonly Event[], isLetter?: boolean) => void
  /** This process has written something to somebody, an answer to an offer included, or marked what they wrote as read. */
  readonly onChanged?: (name: string) => void
  /** Something that was sent to somebody may have come further. */
  readonly onProgress: (name: string, progress: Progress) => void
  /** Somebody is writing at the other side, or has stopped. */
  readonly onTyping?: (name: string, isActive: boolean) => void
  /** A file or a folder was offered, or has come further. The error is why it ended at this end, if it did. */
  readonly onFile?: (transfer: Transfer, error?: SottoError) => void
  /** Somebody has come or gone. */
  readonly onPresence: (name: string, isOnline: boolean) => void
  /**
   * This end is online, or no longer.
   *
   * @param relay - The address of the relay that is attended, as it is reached from here.
   */
  readonly onOnline: (endpoints: readonly Endpoint[], relay: string | undefined) => void
  readonly onOffline: (error: SottoError) => void
  /** Others are not told of some of the addresses that were to be advertised: which, and why, a clause each. */
  readonly onNotAdvertised?: (why: readonly string[]) => void
  /** Another installation was online as the account of this one, and is no longer. */
  readonly onReplaced?: () => void
  /** A key was pinned: provisionally, where it is that of a letter. */
  readonly onPinned: (name: string, isProvisional?: boolean) => void
  /** Opening a conversation with somebody waits for this now. */
  readonly onWaiting?: (name: string, forWhat: string) => void
  /** There is no room for a conversation with somebody; it is tried again until there is. Reported once until then. */
  readonly onBusy?: (name: string, error: SottoError) => void
  /** Somebody cannot be written to, or called in vain, until the user does something about it. */
  readonly onRefused: (name: string, error: SottoError) => void
  /** Somebody called with another key than the pinned one, and nothing of it is shown: `onRefused` tells it unless set. */
  readonly onKeyChanged?: (name: string) => void
  /** Somebody has proven the pinned key, after another was said to be theirs for so many milliseconds, if that is known. */
  readonly onDoubtWithdrawn?: (name: string, forMs: number | undefined) => void
  /** Messages, so many, wait for another key of somebody than the one that they have now. They go to no other. */
  readonly onUndeliverable?: (name: string, count: number) => void
  /**
   * Somebody is away, and the next message to them is too large for a letter: it waits for a conversation, with all behind
   * it. Reported once, until what waits has gone.
   */
  readonly onTooLargeForLetter?: (name: string) => void
  /** A conversation with somebody has begun where there was none. */
  readonly onConversation?: (name: string, route: Route) => void
  /** Conversations with somebody go this way now: where one has begun, and where another has taken its place. */
  readonly onRoute?: (name: string, route: Route) => void
  /** The conversation with somebody has ended, by their doing or a break, and no other carries on. */
  readonly onParted?: (name: string, end: ConversationEnd) => void
  /** A caller was not let in, for a reason that it does not learn. */
  readonly onCallRefused?: (error: SottoError) => void
}

export interface MessengerOptions {
  readonly profile: Profile
  readonly account: Account
  readonly clock: ServerClock
  readonly directory: DirectoryClient
  readonly store: Store
  readonly events: MessengerEvents
  /**
   * The address to listen on: `::` for everywhere, port 0 for any free one. Undefined to call others and not to be
   * called.
   */
  readonly listen: Endpoint | undefined
  /** The addresses to offer others in place of this machine's own. */
  readonly advertise: readonly Endpoint[]
  /** Whether to go on, and keep what is written, where the services are away at the start. */
  readonly startsOffline?: boolean
  /** A folder to which all that is offered comes at once; undefined to ask. */
  readonly acceptInto?: string | undefined
  /** The link to the mailboxes, closed with the messenger; to those at the relay, where there is one, unless set. */
  readonly mailbox?: MailboxClient | undefined
  /** How long somebody is away before what waits is posted, where it is not the usual time: in milliseconds. */
  readonly awayMs?: number
  /** The log of the server; undefined only where it does not listen. */
  readonly log: Logger | undefined
  readonly trace: Trace
  /** How many conversations others may begin, where it is not the usual number. */
  readonly maxConversations?: number
  /** Durations of channels that are to be other than the protocol's. */
  readonly channelTimes?: Partial<ChannelTimes>
  /** When a direct conversation is tried in the place of one through the relay, where it is not for the side to say. */
  readonly moveBackoff?: BackoffOptions
  /** How long one way to somebody has a head start on the next, where it is not the usual time: in milliseconds. */
  readonly staggerMs?: number
  /** Ends everything. */
  readonly signal: AbortSignal
}
