/**
 * What the user types, carried out one line after the other: first it is asked whether there is anybody of the name in it.
 *
 * Lines may be typed while the answer is under way. Those that name nobody were meant for the name before them: if that is
 * nobody's, they are given back.
 *
 * @module
 */
import { asSottoError, isSottoError, SottoError } from '#lib/errors.ts'
import type { Messenger } from '../messenger/messenger.ts'
import type { NameCheck } from '../session/name-check.ts'
import type { ChatCommands } from './chat-commands.ts'
import { type Command, isAboutConversation, type Message } from './command.ts'
import type { View } from './view.ts'

export interface SubmissionsOptions {
  readonly view: View
  readonly messenger: Messenger
  readonly commands: ChatCommands
  readonly names: NameCheck
}

/** A change of whom one talks with, on its way. */
interface Turn {
  readonly name: string
  hasFailed: boolean
}

export class Submissions {
  readonly #options: SubmissionsOptions
  /** The last line that is being carried out. */
  #last: Promise<void> = Promise.resolve()
  /** The last change that was typed and is not done. */
  #turn: Turn | undefined
  /** Whether the user has left: what stands behind that is not meant for the chat. */
  #hasQuit = false
  /** The name that the chat was to begin with, while the directory cannot be asked. */
  #unasked: string | undefined

  constructor(options: SubmissionsOptions) {
    this.#options = options
  }

  /** Resolves when all that was typed is carried out. */
  get idle(): Promise<void> {
    return this.#last
  }

  /** Talk with somebody from the start. */
  begin(name: string): void {
    const { messenger, names, view } = this.#options
    this.#unasked = undefined
    const talk = (): void => {
      messenger.peer(name)
      view.switchTo(name)
    }
    if (names.isKnown(name)) talk()
    else {
      const begun = this.#inTurn(name, async () => {
        await names.check(name)
        talk()
      })
      void begun.catch((error: unknown) => {
        if (isSottoError(error, 'ERR_UNAVAILABLE')) this.#unasked = name
        view.failure(asSottoError(error), { contact: name })
      })
    }
  }

  /** Ask again who could not be asked for, unless the user has gone on to somebody else. */
  beginAgain(): void {
    if (this.#unasked !== undefined && this.#options.view.to === undefined) this.begin(this.#unasked)
  }

  /** Do what a line says; nothing behind /quit. */
  submit(submission: Message | Command): Promise<void> {
    const before = this.#turn
    const name = nameIn(submission)
    const carriedOut = this.#inTurn(name, async () => {
      if (this.#hasQuit) return
      if (before?.hasFailed === true && isAboutConversation(submission)) {
        throw new SottoError('ERR_USAGE', `this was meant for ${before.name}`, { hint: 'begin with /to NAME' })
      }
      if (name !== undefined) await this.#options.names.check(name)
      await this.#carryOut(submission)
    })
    return carriedOut.catch((error: unknown) => {
      const { view } = this.#options
      view.failure(asSottoError(error), { contact: name, ref: submission.ref })
      if (submission.kind === 'message') view.restoreInput(submission)
    })
  }

  /** Work that comes after all before it. Where it names somebody and fails, nobody is talked with who is not seen. */
  #inTurn(name: string | undefined, work: () => Promise<void>): Promise<void> {
    const turn = name === undefined ? undefined : { name, hasFailed: false }
    if (turn !== undefined) this.#turn = turn
    const done = this.#last.then(async () => {
      try {
        await work()
      } catch (error) {
        if (turn !== undefined) turn.hasFailed = true
        if (turn !== undefined && name !== this.#options.view.to) this.#options.view.notThere()
        throw error
      } finally {
        if (this.#turn === turn) this.#turn = undefined
      }
    })
    this.#last = done.catch(() => undefined)
    return done
  }

  async #carryOut(submission: Message | Command): Promise<void> {
    const { commands, messenger, view } = this.#options
    if (submission.kind === 'command') {
      this.#hasQuit = submission.name === 'quit'
      return await commands.run(submission)
    }
    const name = submission.to ?? view.to
    if (name === undefined) {
      throw new SottoError('ERR_USAGE', 'nobody is there to say it to', { hint: 'begin with /to NAME' })
    }
    view.switchTo(name)
    const ordinal = await messenger.enqueue(name, submission.text)
    view.enqueued(name, ordinal, submission)
    // It may have gone already.
    view.progressed(name, messenger.progress(name))
  }
}

/** The name that is talked with from a line on. */
function nameIn(submission: Message | Command): string | undefined {
  if (submission.kind === 'message') return submission.to
  return submission.name === 'to' ? submission.argument : undefined
}
