/**
 * The content of a conversation's screen: entries, one under another, and above the input line a status that says who
 * is there.
 *
 * @module
 */
import type { Route } from '#lib/protocol.ts'

/** How far a message of one's own has come. */
export const MESSAGE_STATES = ['waiting', 'sent', 'posted', 'delivered', 'read'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** One entry. Its texts may be anybody's: the screen shows them so that they can do no harm. */
export interface Entry {
  /** Names the entry in later updates; two entries of one page never share it. */
  readonly id: string
  /**
   * `notice` is the program's own word, `divider` one that parts what stands above from what stands below, `qr` a QR code
   * of the text, `trace` a message of the protocol.
   */
  readonly kind: 'message' | 'notice' | 'divider' | 'file' | 'qr' | 'trace'
  /** The author; shown with messages and files. */
  readonly who: string
  /** Whether the user of this screen wrote it: only then a state is shown. */
  readonly own: boolean
  /** When it was written, by the writer's clock. */
  readonly time: Date
  /** When it arrived, if it did: shown where that is not about when it was written. */
  readonly arrivedAt?: Date | undefined
  /** Whether it came by letter, which proves less than a conversation. */
  readonly isLetter?: boolean
  /** Any text, with line ends if need be. For a file what is known of it: name, size, how far it has come. */
  readonly text: string
  /** How many UTF-16 units the text has, where no more than its beginning is here. */
  readonly units?: number | undefined
  /** Draws it in place of a text, for so many columns; without a terminal there is no end of them. */
  readonly draw?: ((columns: number) => string) | undefined
  readonly state?: MessageState | undefined
  /** The number that `/show` calls a message by which may have more rows than are shown. */
  readonly number?: number | undefined
  /** Whether all rows are shown, however many. */
  readonly isWhole?: boolean
}

/** The parts of an entry that may change after it was shown. */
export type EntryChange = Partial<Pick<Entry, 'state' | 'text'>>

/** A person with whom there is a conversation. */
export interface Contact {
  readonly name: string
  readonly online: boolean
  /** The way that the conversation with them goes; undefined where none is open. */
  readonly route?: Route | undefined
  readonly typing: boolean
  /** Messages that have come and were not shown yet. */
  readonly unread: number
}

/** The status, as the row above the input shows it. */
export interface Status {
  /** The user's name; left out where there is no room for it. */
  readonly self?: string | undefined
  /** The text that stands first in the row, if any does. */
  readonly banner?: string | undefined
  /** The contact to whom a line goes that names nobody. */
  readonly to: string | undefined
  /** The one written to and any other, in the order in which they are to be named. */
  readonly contacts: readonly Contact[]
  /** Further names that may be meant, for Tab alone. */
  readonly others?: readonly string[]
}
