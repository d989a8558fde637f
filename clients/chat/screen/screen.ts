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
import type { Command, Message, Submission } from '../command.ts'
import type { Entry, EntryChange, Status } from './entry.ts'
import type { Line } from './line-editor.ts'

export interface ScreenEvents {
  /** The user has ended a line with a message or a command. A line that is neither is answered by the screen. */
  submit: [submission: Message | Command]
  /** The line that the user is writing has changed: what it is by now, if anything. */
  typing: [written: Submission | undefined]
  /** The user wants to leave: Ctrl-C or Ctrl-D on an empty line, or the end of the input. Emitted once at most. */
  leave: []
}

export interface Screen extends EventEmitter<ScreenEvents> {
  /** Whether the user sees whom a line goes to. */
  readonly hasPrompt: boolean
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
  /**
   * Put a message back on the line one types, unless something has been typed there meanwhile.
   *
   * @returns whether it is there.
   */
  restoreInput(message: Message): boolean
  /** What stands on the line; undefined where nothing does. */
  readonly draft: Line | undefined
  /** Put something back on an empty line, as it stood there. */
  restoreDraft(draft: Line): void
  /** Begin an empty page, as for another conversation. What was shown scrolls away and changes no more. */
  newPage(): void
  /** Stop reading and drawing. What was shown stays; the prompt goes. */
  close(): void
}

/** The output of a screen: a terminal's, as process.stdout is, or anything else. */
export interface ScreenOutput extends Writable {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  hasColors?(): boolean
}
