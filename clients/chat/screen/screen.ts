/**
 * The screen of a chat: entries that scroll by above the line one types, or plain lines where there is no terminal.
 *
 * It knows no network and no store. What happens is told to it (`add`, `change`, `setStatus`), and what the user says it
 * tells (`submit`).
 *
 * @module
 */
import type { EventEmitter } from 'node:events'
import type { Writable } from 'node:stream'
import { createCalendar } from '../../terminal/calendar.ts'
import type { Command, Message } from '../command.ts'
import type { Entry, EntryChange, Status } from './entry.ts'
import type { KeyInput } from './line-editor.ts'
import { PlainScreen } from './plain-screen.ts'
import { TerminalScreen } from './terminal-screen.ts'

export interface ScreenEvents {
  /** The user has ended a line with a message or a command. A line that is neither is answered by the screen. */
  submit: [submission: Message | Command]
  /** The line that the user is writing has changed. */
  typing: [line: string]
  /** The user wants to leave: Ctrl-C or Ctrl-D on an empty line, or the end of the input. Emitted once at most. */
  leave: []
}

export interface Screen extends EventEmitter<ScreenEvents> {
  /** Show an entry below those before. */
  add(entry: Entry, options?: { readonly bell?: boolean }): void
  /**
   * Change an entry, in place where it is still in sight; one that has scrolled away stays as it was.
   *
   * @returns whether it is in sight.
   */
  change(id: string, change: EntryChange): boolean
  /** Say whom a line goes to, and who is there. */
  setStatus(status: Status): void
  /** Put a text back on the line one types, unless something has been typed there meanwhile. */
  giveBack(text: string): void
  /** Begin an empty page, as for another conversation. What was shown scrolls away and changes no more. */
  newPage(): void
  /** Stop reading and drawing. What was shown stays; the prompt goes. */
  close(): void
}

/** What a screen writes to: a terminal's output, as process.stdout is, or anything else. */
export interface ScreenOutput extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  hasColors?(): boolean
}

export interface ScreenOptions {
  readonly input: KeyInput
  readonly output: ScreenOutput
  /** Whether there is somebody to edit a line; by default, whether both ends are a terminal. */
  readonly interactive?: boolean
  /** Whether to use colours; by default what the output says of itself, which heeds NO_COLOR. */
  readonly colour?: boolean
  /** An IANA name, for the times of entries; the system's zone by default. */
  readonly timeZone?: string
  /** The time of the screen's own notices. */
  readonly now?: () => Date
}

/** Open a screen. It reads and draws until it is closed. */
export function createScreen(options: ScreenOptions): Screen {
  const { input, output, now = () => new Date() } = options
  const interactive = options.interactive ?? Boolean(input.isTTY && output.isTTY)
  const calendar = createCalendar(options.timeZone)
  if (!interactive) return new PlainScreen({ input, output, calendar, now })
  const colour = options.colour ?? output.hasColors?.() ?? false
  return new TerminalScreen({ input, output, calendar, now, colour })
}
