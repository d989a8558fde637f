/**
 * The people whom the directory lists, in a chat: for `/people`, and for Tab to complete their names.
 *
 * @module
 */
import { SottoError } from '#lib/errors.ts'
import { USERNAME_PREFIX } from '#lib/validation.ts'
import type { Person } from '../session/roster.ts'
import type { View } from './view.ts'

/** How many people `/people` shows; the rest is found by the beginnings of their names. */
const MAX_SHOWN = 50

/** How many names Tab knows beside those of contacts. */
const MAX_COMPLETED = 1_000

/** How long the directory has for a list, in milliseconds: somebody looks at the screen meanwhile. */
const ANSWER_TIMEOUT_MS = 5_000

export interface RosterOptions {
  readonly view: Pick<View, 'people' | 'completeNames'>
  /** The user's own name, which is not among those to write to. */
  readonly ownName: string
  /** Lists people page by page. */
  readonly list: (prefix: string, timeout: AbortSignal) => AsyncIterable<readonly Person[]>
}

export class Roster {
  readonly #options: RosterOptions
  readonly #names = new Set<string>()
  #isLoaded = false

  constructor(options: RosterOptions) {
    this.#options = options
  }

  /** Learn the names that Tab completes, once. Where the directory does not list them, it completes those of contacts. */
  async load(): Promise<void> {
    if (this.#isLoaded) return
    this.#isLoaded = true
    await this.#find('', MAX_COMPLETED).catch(() => {
      this.#isLoaded = false
    })
  }

  /**
   * Show who there is.
   *
   * @param prefix - Of their names; empty for all.
   * @throws SottoError `ERR_USAGE` if no name begins so; what the directory answers with, `ERR_TURNED_OFF` where the host
   *   shows nobody who the others are.
   */
  async show(prefix: string): Promise<void> {
    if (!USERNAME_PREFIX.test(prefix)) {
      throw new SottoError('ERR_USAGE', 'no name begins so', { hint: 'names are of a-z, 0-9, ".", "_" and "-"' })
    }
    const { people, complete } = await this.#find(prefix, MAX_SHOWN)
    this.#options.view.people(people, complete)
  }

  async #find(prefix: string, limit: number): Promise<{ people: Person[]; complete: boolean }> {
    const { view, ownName, list } = this.#options
    const people: Person[] = []
    for await (const page of list(prefix, AbortSignal.timeout(ANSWER_TIMEOUT_MS))) {
      people.push(...page)
      for (const { name } of page) if (name !== ownName && this.#names.size < MAX_COMPLETED) this.#names.add(name)
      view.completeNames([...this.#names])
      if (people.length > limit) break
    }
    return { people: people.slice(0, limit), complete: people.length <= limit }
  }
}
