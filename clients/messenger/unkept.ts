/**
 * Tells once, and not at each attempt, that what somebody says cannot be kept on this machine, as where its disk is full,
 * and when it is kept again; and likewise that their machine cannot keep what is said to them. Meanwhile it waits with
 * whoever said it.
 *
 * @module
 */
import { CloseReason } from '#gen/sotto/peer/v1/record.ts'
import type { ConversationEnd } from '../peer/close-reasons.ts'
import { NOTICES } from './notices.ts'

export class Unkept {
  readonly #notice: (text: string) => void
  /** Those whose words cannot be kept here, and those who cannot keep what they are told. */
  readonly #here = new Set<string>()
  readonly #there = new Set<string>()

  constructor(notice: (text: string) => void) {
    this.#notice = notice
  }

  has(name: string): boolean {
    return this.#here.has(name) || this.#there.has(name)
  }

  /** A conversation has ended. @returns whether it did for that reason, and all is said. */
  parted(name: string, end: ConversationEnd): boolean {
    const isHere = end.how === 'cut' && end.error.code === 'ERR_STORE'
    const isThere = end.how === 'closed' && end.by === 'peer' && end.reason === CloseReason.CANNOT_SAVE
    if (isHere) {
      const { message, hint } = end.error
      const why = hint === undefined ? message : `${message}; ${hint}`
      this.#tell(this.#here, name, NOTICES.unkept(name, why))
    } else this.#here.delete(name)
    if (isThere) this.#tell(this.#there, name, NOTICES.unkeptThere(name))
    else this.#there.delete(name)
    return isHere || isThere
  }

  #tell(names: Set<string>, name: string, text: string): void {
    if (!names.has(name)) this.#notice(text)
    names.add(name)
  }

  /** Note that an event came and is stored. */
  received(name: string): void {
    if (this.#here.delete(name)) this.#notice(NOTICES.keptAgain(name))
  }
}
