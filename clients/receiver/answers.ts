/**
 * The lines that a person types into a receiver: answers to whoever wrote last, or to whom a line names.
 *
 * @module
 */
import { asSottoError } from '#lib/errors.ts'
import { USERNAME } from '#lib/validation.ts'
import type { Messenger } from '../messenger/messenger.ts'
import { forProfile } from '../profile/login-line.ts'
import type { Store } from '../store/store.ts'

export interface AnswersOptions {
  readonly messenger: Messenger
  readonly store: Store
  readonly notice: (text: string) => void
  /** The name of the profile, for the commands that are named. */
  readonly profileName: string
}

export class Answers {
  readonly #options: AnswersOptions
  /** The person who gets an answer that names nobody. */
  #current: string | undefined

  constructor(options: AnswersOptions) {
    this.#options = options
  }

  /** A message of somebody's was shown. */
  onShown(name: string): void {
    this.#current = name
  }

  /** Say what is typed, line by line. Returns at Ctrl-D. */
  async read(lines: AsyncIterable<string>): Promise<void> {
    for await (const line of lines) await this.send(line)
  }

  /**
   * Say a line: to whoever wrote last, or with `@NAME` in front to NAME, who is then the one to answer. A second `@`
   * takes the meaning away.
   */
  async send(line: string): Promise<void> {
    const [, name, rest = ''] = /^@([^@\s]\S*)\s*(.*)$/s.exec(line) ?? []
    if (name === undefined) {
      const text = line.replace(/^@@/, '@')
      if (text !== '') await this.#sendTo(this.#current, text)
    } else if (USERNAME.test(name)) {
      this.#current = name
      if (rest !== '') await this.#sendTo(name, rest)
    } else {
      this.#options.notice('that is no name; begin a line with @@ to say something that begins with @')
    }
  }

  async #sendTo(name: string | undefined, text: string): Promise<void> {
    const { messenger, store, notice } = this.#options
    if (name === undefined) {
      notice('nobody has written yet; begin a line with @NAME to write to NAME')
      return
    }
    try {
      // Nothing is kept for a name that may be a slip of the hand.
      if (!store.names().includes(name)) await messenger.open(name)
      await messenger.enqueue(name, text)
      if (!messenger.isTalkingWith(name) && !messenger.isOnline(name))
        notice(`to ${name}: it waits until they are online`)
    } catch (error) {
      this.notice(name, error)
    }
  }

  /** Say why somebody cannot be written to. */
  notice(name: string, error: unknown): void {
    const { message, hint } = asSottoError(error)
    this.#options.notice(`to ${name}: ${message}`)
    if (hint !== undefined) this.#options.notice(forProfile(hint, this.#options.profileName))
  }
}
