/**
 * The part of a conversation that is on the page: so many messages, wherever in it one reads. The rest stays with the client,
 * so that a conversation of a hundred thousand messages is as quick as one of ten.
 *
 * @module
 */
import type { ListMessagesRequest, ListMessagesResponse, Message } from '#gen/web/sotto/agent/v1/agent_service.ts'

/** How many messages are on the page at most. */
export const MOST_MESSAGES = 240

/** How many are fetched in one go. */
const PAGE = 80

/** Asks the client for messages. */
type List = (request: Partial<ListMessagesRequest>) => Promise<ListMessagesResponse>

/** Messages that follow each other, and whether there is nothing before them, and nothing behind. */
interface Run {
  readonly messages: Message[]
  readonly hasFirst: boolean
  readonly hasLast: boolean
}

export class MessageWindow {
  readonly contact: string
  messages: Message[] = []
  /** Whether there is nothing before the first, and nothing behind the last. */
  hasFirst = false
  hasLast = false
  readonly #list: List
  #loading: Promise<boolean> | undefined
  /** Fetches what was to be shown last, as long as it is not there. */
  #fetch: (() => Promise<Run>) | undefined = () => this.#newest()
  #isShowing = false
  /** Counts what was to be shown: what is on its way from before has no place in it. */
  #shown = 0
  /** What has come since something was asked for, which may not be in the answer. */
  #since: Message[] = []

  constructor(contact: string, list: List) {
    this.contact = contact
    this.#list = list
  }

  /** Show the newest messages. */
  async toEnd(): Promise<void> {
    await this.#show(() => this.#newest())
  }

  /** Show the messages around a position. */
  async around(position: bigint): Promise<void> {
    await this.#show(async () => {
      const [before, after] = await Promise.all([
        this.#ask({ from: { $case: 'before', value: position }, limit: PAGE / 2 }),
        this.#ask({ from: { $case: 'after', value: position - 1n }, limit: PAGE / 2 }),
      ])
      return { messages: [...before.messages, ...after.messages], hasFirst: !before.more, hasLast: !after.more }
    })
  }

  /** Show what there is now: something may have come of which nothing was told. */
  async refresh(): Promise<void> {
    const fetch = this.#fetch ?? (this.hasLast ? () => this.#newest() : undefined)
    if (fetch !== undefined) await this.#show(fetch)
    // What is on its way may end where no end is any more.
    else this.#dropLoading()
  }

  /** Fetch what is before the first. @returns whether anything came. */
  older(): Promise<boolean> {
    return this.#load(this.hasFirst, async () => {
      const shown = this.#shown
      const [first] = this.messages
      if (first === undefined) return false
      const { messages, more } = await this.#ask({ from: { $case: 'before', value: first.position } })
      if (shown !== this.#shown) return false
      this.messages = [...messages, ...this.messages]
      this.hasFirst = !more
      if (this.messages.length > MOST_MESSAGES) {
        this.messages = this.messages.slice(0, MOST_MESSAGES)
        this.hasLast = false
      }
      return messages.length > 0
    })
  }

  /** Fetch what is behind the last. @returns whether anything came. */
  newer(): Promise<boolean> {
    return this.#load(this.hasLast, async () => {
      const shown = this.#shown
      const value = this.messages.at(-1)?.position ?? 0n
      const { messages, more } = await this.#ask({ from: { $case: 'after', value } })
      if (shown !== this.#shown) return false
      this.#append(messages)
      this.#setLast(!more)
      return messages.length > 0
    })
  }

  async #load(isThere: boolean, load: () => Promise<boolean>): Promise<boolean> {
    if (isThere || this.#isShowing) return false
    if (this.#loading !== undefined) return await this.#loading
    this.#since = []
    const loading = load().finally(() => {
      if (this.#loading === loading) this.#loading = undefined
    })
    this.#loading = loading
    return await loading
  }

  /** Have what is on its way to one of the ends join nothing. */
  #dropLoading(): void {
    this.#shown += 1
    this.#loading = undefined
  }

  /** Put something in the place of what is shown, unless something else is to be by then. */
  async #show(fetch: () => Promise<Run>): Promise<void> {
    this.#dropLoading()
    const shown = this.#shown
    this.#fetch = fetch
    this.#isShowing = true
    this.#since = []
    try {
      const { messages, hasFirst, hasLast } = await fetch()
      if (shown !== this.#shown) return
      this.#fetch = undefined
      this.messages = messages
      this.hasFirst = hasFirst
      this.#setLast(hasLast)
    } catch (error) {
      // What has come may lie behind what did not.
      if (shown === this.#shown) this.hasLast = false
      throw error
    } finally {
      if (shown === this.#shown) this.#isShowing = false
    }
  }

  #ask(request: Partial<ListMessagesRequest>): Promise<ListMessagesResponse> {
    return this.#list({ contact: this.contact, limit: PAGE, ...request })
  }

  async #newest(): Promise<Run> {
    const { messages, more } = await this.#ask({})
    return { messages, hasFirst: !more, hasLast: true }
  }

  /** A new message: it is shown where the end is. It may have been listed already. */
  add(message: Message): void {
    if (this.#isShowing || this.#loading !== undefined) this.#since.push(message)
    if (this.hasLast) this.#append([message])
  }

  /** What was fetched ends here, and maybe the conversation: then what came meanwhile belongs behind it. */
  #setLast(hasLast: boolean): void {
    this.hasLast = hasLast
    if (hasLast) this.#append(this.#since)
  }

  #append(messages: readonly Message[]): void {
    const last = this.messages.at(-1)?.position ?? 0n
    this.messages = [...this.messages, ...messages.filter(({ position }) => position > last)]
    if (this.messages.length <= MOST_MESSAGES) return
    this.messages = this.messages.slice(-MOST_MESSAGES)
    this.hasFirst = false
  }
}
