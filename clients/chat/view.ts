/**
 * The view of a chat, which its user sees: on a screen (chat-view.ts), or as JSON lines (json/).
 *
 * @module
 */

import type { Endpoint } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Event } from '#gen/sotto/peer/v1/record.ts'
import type { SottoError } from '#lib/errors.ts'
import type { Route } from '#lib/protocol.ts'
import type { Pace } from '../files/report/describe.ts'
import type { PinState } from '../profile/pins.ts'
import type { Person } from '../session/roster.ts'
import type { Progress } from '../store/log/progress.ts'
import type { Gap, Message } from '../store/reading/messages.ts'
import type { Undelivered } from '../store/reading/undelivered.ts'
import type { Transfer } from '../store/transfers/transfer.ts'
import type { RawJson } from '../terminal/raw-json.ts'
import type { TraceEvent } from '../trace/trace.ts'
import type { Command, Message as TypedMessage } from './command.ts'

/** The state of a contact, as `/who` shows it. */
export interface ContactStatus {
  readonly name: string
  readonly isOnline: boolean
  /** The way that the conversation with them goes; undefined where none is open. */
  readonly route: Route | undefined
  /** The state of their key; undefined where none is known yet. */
  readonly key: string | undefined
  /** Whether that key is known from letters alone. */
  readonly isProvisional: boolean
  /** How many messages of theirs were not shown yet. */
  readonly unread: number
  readonly undelivered: Undelivered
}

/** The names that the user has for transfers. */
export interface TransferNames {
  numberOf(id: string): number
  /** The id of the transfer with a number. */
  withNumber(number: number): string | undefined
  /** How fast a transfer goes now, where that is known. */
  paceOf(id: string): Pace
}

/** The context of a failure. */
export interface About {
  readonly contact?: string | undefined
  /** The script's own name for what it asked for. */
  readonly ref?: RawJson | undefined
}

/** What follows a list of people that is not all. */
export const MORE_PEOPLE = 'and more: /people and the beginning of a name finds them'

export interface View {
  readonly files: TransferNames
  /** The contact to whom a line goes that names nobody. */
  readonly to: string | undefined
  /** Who else has written what was not shown yet; undefined if nobody has. */
  readonly nextUnread: string | undefined
  /** There is nobody of a name that was to be talked with: where nobody sees whom a line goes to, it goes to nobody. */
  notThere(): void
  /** Talk with somebody from here on. */
  switchTo(name: string): void
  /** A conversation was removed, and this many waiting messages will not be sent. */
  forgotten(name: string, waiting: number): void
  /** Show something out of the store. */
  show(message: Message | Gap): void
  /** Show a long message whole, part by part: the one of a number, or more of the last. */
  showWhole(number: number | undefined): void
  /** A heading of messages out of the store, or their end: for eyes alone. */
  caption(text: string): void
  who(people: readonly ContactStatus[]): void
  /** People whom the directory lists, and whether that is all of them. */
  people(people: readonly Person[], isComplete: boolean): void
  /** The names that may be meant, beside those of contacts. */
  completeNames(names: readonly string[]): void
  /** What waits for keys that were replaced. */
  undeliverable(messages: readonly Message[]): void
  /** The user has said something, which waits in the store. */
  enqueued(name: string, ordinal: number, message: TypedMessage): void
  /** Another command of the same person may have said something. */
  showAppended(): void
  /** Messages have come, by letter or not; they are in the store. */
  received(name: string, events: readonly Event[], isLetter?: boolean): void
  /** The user's messages have come further. */
  progressed(name: string, progress: Progress): void
  /** Somebody is writing at the other side, or has stopped. */
  typing(name: string, isActive: boolean): void
  /** The user has offered something. */
  offered(name: string, transferId: string): void
  /** A transfer has come further. The error is why it ended at this end, if it did. */
  fileChanged(transfer: Transfer, error?: SottoError): void
  /** Somebody has come or gone. */
  presence(name: string, isOnline: boolean): void
  /** Conversations with somebody go this way now. */
  routed(name: string, route: Route): void
  /** This end is online, or no longer; with the address of the relay that is attended. */
  online(endpoints: readonly Endpoint[], relay: string | undefined): void
  offline(error: SottoError): void
  /** A command is done, with all that it shows. */
  done(command: Command): void
  /** The program's own word. */
  notice(text: string): void
  failure(error: SottoError, about?: About): void
  /** A message was not taken: whoever typed it has it again. */
  restoreInput(message: TypedMessage): void
  /** Show the state of a contact's key, with its meaning in words. */
  keyState(name: string, state: PinState, text: string): void
  qrCode(text: string): void
  /** A message of the protocol. */
  trace(event: TraceEvent): void
}

/** The listeners for what the user does. */
export interface FrontendListeners {
  /** Takes a message or a command of the user's; resolves when it is done. */
  submit(submission: TypedMessage | Command): Promise<void>
  /** Whether there is anybody of a name: rejects if not, or if it is the user's own, or nobody can say. */
  check(name: string): Promise<void>
  /** Takes the person to whom the user is writing; undefined for nobody. */
  writing(name: string | undefined): void
  /** Called when the user wants to leave, or is gone. */
  quit(): void
}

/** A line that is not ended yet. */
export interface Draft {
  readonly text: string
  /** Whether it begins with a pasted text. */
  readonly isPasted: boolean
}

/** A frontend: what a chat and its user meet at. */
export interface Frontend {
  readonly view: View
  /** What stands on the line that the user has not ended yet. */
  readonly draft: Draft | undefined
  /** Begin, now that there is somebody to listen; with something on the line, if there is. */
  open(listeners: FrontendListeners, draft?: Draft): void
  /** Close it; all that is to be shown is shown when this resolves. */
  close(): Promise<void>
}
