/**
 * Tells once, and not at each attempt, that what somebody says cannot be kept on this machine, as where its disk is full;
 * and when it is kept again. Meanwhile it waits with them.
 *
 * @module
 */
import type { ConversationEnd } from '../peer/conversation.ts'
import { NOTICES } from './notices.ts'

export class Unkept {
  readonly #notice: (text: string) => void
  readonly #names = new Set<string>()

  constructor(notice: (text: string) => void) {
    this.#notice = notice
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** A conversation has ended. @returns whether it did for that reason, and all is said. */
  parted(name: string, end: ConversationEnd): boolean {
    if (end.how !== 'cut' || end.error.code !== 'ERR_STORE') {
      this.#names.delete(name)
      return false
    }
    const { message, hint } = end.error
    const why = hint === undefined ? message : `${message}; ${hint}`
    if (!this.#names.has(name)) this.#notice(NOTICES.unkept(name, why))
    this.#names.add(name)
    return true
  }

  /** Note that an event came and is stored. */
  received(name: string): void {
    if (this.#names.delete(name)) this.#notice(NOTICES.keptAgain(name))
  }
}
