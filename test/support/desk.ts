/**
 * A desk: the screen of a chat on a virtual terminal, with a keyboard.
 *
 * @module
 */

import { createScreen } from '../../clients/chat/screen/create-screen.ts'
import type { Entry } from '../../clients/chat/screen/entry.ts'
import type { Screen } from '../../clients/chat/screen/screen.ts'
import { VirtualKeyboard, VirtualTerminal, type WidthOf } from './virtual-terminal.ts'

/** The time of all that happens. */
export const NOON = new Date(Date.UTC(2026, 10, 22, 12))

/** An entry for a message: the user's own and waiting, unless other fields are given. */
export const message = (id: string, fields: Partial<Entry> = {}): Entry => ({
  id,
  kind: 'message',
  who: 'alice',
  own: true,
  time: NOON,
  text: `message ${id}`,
  state: 'waiting',
  ...fields,
})

export class Desk {
  readonly keyboard = new VirtualKeyboard()
  readonly terminal: VirtualTerminal
  readonly screen: Screen
  readonly events: unknown[] = []

  constructor(columns = 40, rows = 10, widthOf?: WidthOf) {
    this.terminal = new VirtualTerminal(columns, rows, widthOf)
    this.screen = createScreen({ input: this.keyboard, output: this.terminal, timeZone: 'UTC', now: () => NOON })
    this.screen.on('submit', (submission) => this.events.push(submission))
    this.screen.on('leave', () => this.events.push('leave'))
  }

  /** Wait until all that was added and typed is drawn. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  async type(text: string): Promise<void> {
    this.keyboard.write(text)
    await this.settle()
  }

  close(): void {
    this.screen.close()
  }
}
