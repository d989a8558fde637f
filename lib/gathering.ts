/**
 * Questions that are asked together: a question goes with those of the same turn of the event loop, and with those that
 * come while earlier ones are being asked. One that comes alone waits for nobody.
 *
 * @module
 */

export interface GatheringOptions<Question, Answer> {
  /** Ask. @returns an answer to each, in their order. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>
  /** The most that are asked together. */
  readonly most: number
}

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export class Gathering<Question, Answer> {
  readonly #options: GatheringOptions<Question, Answer>
  #waiting: Waiting<Question, Answer>[] = []
  #isBusy = false

  constructor(options: GatheringOptions<Question, Answer>) {
    this.#options = options
  }

  /** Ask a question. @throws whatever those fail with that it was asked together with. */
  ask(question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting.push({ question, resolve, reject })
    if (!this.#isBusy) {
      this.#isBusy = true
      setImmediate(() => void this.#askAll())
    }
    return promise
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.splice(0, this.#options.most)
      try {
        const answers = await this.#options.ask(asked.map(({ question }) => question))
        for (const [index, { resolve }] of asked.entries()) resolve(answers[index] as Answer)
      } catch (error) {
        // What hindered these hinders those who wait behind them: nobody waits twice for the same.
        for (const { reject } of [...asked, ...this.#waiting.splice(0)]) reject(error)
      }
    }
    this.#isBusy = false
  }
}
