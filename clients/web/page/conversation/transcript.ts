/**
 * The messages of a conversation, as far as they are on the page: further ones come as one scrolls to either end.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Message } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { ModelElement } from '../element.ts'
import { icon } from '../icons.ts'
import { model } from '../model.ts'
import { dayOf, dayText } from '../time.ts'
import type { MessageWindow } from '../window.ts'
import { messageRow } from './message.ts'

/** How close to an end one has scrolled when more is fetched, in pixels: more than a screen. */
const NEAR_PX = 900

/** How close to the end counts as being there. */
const AT_END_PX = 60

/** Messages of one person within this time belong together, in milliseconds. */
const TOGETHER_MS = 5 * 60_000

class Transcript extends ModelElement {
  /** What was drawn last. */
  #window: MessageWindow | undefined
  #isAtEnd = true
  #first: bigint | undefined
  #wasMarked: bigint | undefined
  /** The distance from the top of what is drawn to its end, before it is drawn anew. */
  #heightBefore = 0

  override connectedCallback(): void {
    super.connectedCallback()
    this.tabIndex = 0
    this.setAttribute('role', 'log')
    this.setAttribute('aria-label', 'Messages')
    this.addEventListener('scroll', this.#onScroll, { passive: true })
    document.addEventListener('visibilitychange', this.#onSeen)
    addEventListener('focus', this.#onSeen)
    addEventListener('resize', this.#onResize)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    document.removeEventListener('visibilitychange', this.#onSeen)
    removeEventListener('focus', this.#onSeen)
    removeEventListener('resize', this.#onResize)
  }

  readonly #onResize = () => {
    if (this.#isAtEnd) this.scrollTop = this.scrollHeight
  }

  readonly #onSeen = () => {
    if (this.#isAtEnd && document.visibilityState === 'visible' && document.hasFocus()) model.markRead()
  }

  readonly #onScroll = () => {
    const { window } = model
    if (window === undefined) return
    const toEnd = this.scrollHeight - this.scrollTop - this.clientHeight
    const wasAtEnd = this.#isAtEnd
    this.#isAtEnd = window.hasLast && toEnd < AT_END_PX
    if (wasAtEnd !== this.#isAtEnd) this.requestUpdate()
    this.#onSeen()
    const fetch = this.scrollTop < NEAR_PX ? window.older() : toEnd < NEAR_PX ? window.newer() : undefined
    void fetch?.then((isMore) => isMore && this.requestUpdate()).catch(() => {})
  }

  override willUpdate(): void {
    if (model.window !== this.#window) {
      this.#window = model.window
      this.#isAtEnd = model.marked === undefined
      this.#first = undefined
    }
    this.#heightBefore = this.scrollHeight - this.scrollTop
  }

  override updated(): void {
    const first = this.#window?.messages[0]?.position
    const { marked } = model
    const mark = marked === undefined || marked === this.#wasMarked ? null : this.querySelector('.marked')
    if (mark !== null) {
      this.#wasMarked = marked
      mark.scrollIntoView({ block: 'center' })
    } else if (this.#isAtEnd) this.scrollTop = this.scrollHeight
    // What came before the first pushes the rest down: it stays where one reads it.
    else if (first !== this.#first && this.#first !== undefined) this.scrollTop = this.scrollHeight - this.#heightBefore
    this.#first = first
    this.#onSeen()
  }

  async #toEnd(): Promise<void> {
    const { window } = model
    model.marked = undefined
    if (window?.hasLast === false) await model.try(() => window.toEnd())
    this.#isAtEnd = true
    this.requestUpdate()
  }

  override render(): TemplateResult | typeof nothing {
    const { window } = model
    if (window === undefined) return nothing
    const { messages, hasFirst, contact } = window
    return html`
      ${hasFirst && messages.length === 0 ? html`<p class="empty">Nothing was said yet. What you write goes straight to ${contact}’s machine, end-to-end encrypted.</p>` : nothing}
      <div class="messages">${repeat(
        messages,
        ({ position }) => position,
        (message, index) =>
          html`${daySeparator(messages[index - 1], message)}${messageRow(message, isContinued(messages[index - 1], message))}`,
      )}</div>
      ${model.typing.has(contact) ? html`<p class="typing" role="status"><span class="hidden">${contact} is writing</span><i></i><i></i><i></i></p>` : nothing}
      ${this.#isAtEnd ? nothing : html`<button class="to-end" title="To the newest" aria-label="To the newest message" @click=${() => void this.#toEnd()}>${icon('down')}</button>`}
    `
  }
}

function daySeparator(before: Message | undefined, { storedAt }: Message): TemplateResult | typeof nothing {
  if (storedAt === undefined || (before?.storedAt && dayOf(before.storedAt) === dayOf(storedAt))) return nothing
  return html`<h2 class="between">${dayText(storedAt)}</h2>`
}

function isContinued(before: Message | undefined, message: Message): boolean {
  if (before?.direction !== message.direction || before.content?.$case === 'fileStatus') return false
  return (message.storedAt?.getTime() ?? 0) - (before.storedAt?.getTime() ?? 0) < TOGETHER_MS
}

customElements.define('sotto-transcript', Transcript)
