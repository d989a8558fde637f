/**
 * The part of a conversation that is on the page: so many messages, wherever in it one reads. The rest stays with the client,
 * so that a conversation of a hundred thousand messages is as quick as one of ten.
 *
 * @module
 */
import type { Message } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { call } from './client/rpc.ts'

/** How many messages are on the page at most. */
export const MOST_MESSAGES = 240

/** How many are fetched in one go. */
const PAGE = 80

export class MessageWindow {
  readonly contact: string
  messages: Message[] = []
  /** Whether there is nothing before the first, and nothing behind the last. */
  hasFirst = false
  hasLast = false
  #loading: Promise<boolean> | undefined

  constructor(contact: string) {
    this.contact = contact
  }

  /** Show the newest messages. */
  async toEnd(): Promise<void> {
    const { messages, more } = await call('listMessages', { contact: this.contact, limit: PAGE })
    this.messages = messages
    this.hasFirst = !more
    this.hasLast = true
  }

  /** Show the messages around a position. */
  async around(position: bigint): Promise<void> {
    const { contact } = this
    const [before, after] = await Promise.all([
      call('listMessages', { contact, from: { $case: 'before', value: position }, limit: PAGE / 2 }),
      call('listMessages', { contact, from: { $case: 'after', value: position - 1n }, limit: PAGE / 2 }),
    ])
    this.messages = [...before.messages, ...after.messages]
    this.hasFirst = !before.more
    this.hasLast = !after.more
  }

  /** Fetch what is before the first. @returns whether anything came. */
  older(): Promise<boolean> {
    return this.#load(this.hasFirst, async () => {
      const first = this.messages[0]
      if (first === undefined) return false
      const from = { $case: 'before', value: first.position } as const
      const { messages, more } = await call('listMessages', { contact: this.contact, from, limit: PAGE })
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
      const from = { $case: 'after', value: this.messages.at(-1)?.position ?? 0n } as const
      const { messages, more } = await call('listMessages', { contact: this.contact, from, limit: PAGE })
      this.messages = [...this.messages, ...messages]
      this.hasLast = !more
      if (this.messages.length > MOST_MESSAGES) {
        this.messages = this.messages.slice(-MOST_MESSAGES)
        this.hasFirst = false
      }
      return messages.length > 0
    })
  }

  async #load(isThere: boolean, load: () => Promise<boolean>): Promise<boolean> {
    if (isThere) return false
    this.#loading ??= load().finally(() => {
      this.#loading = undefined
    })
    return await this.#loading
  }

  /** A new message: it is shown where the end is. It may have been listed already. */
  add(message: Message): void {
    if (!this.hasLast || message.position <= (this.messages.at(-1)?.position ?? 0n)) return
    this.messages = [...this.messages, message]
    if (this.messages.length <= MOST_MESSAGES) return
    this.messages = this.messages.slice(-MOST_MESSAGES)
    this.hasFirst = false
  }
}
