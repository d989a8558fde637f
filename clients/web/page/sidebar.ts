/**
 * The list of conversations, with who I am above it and a search that finds people and messages.
 *
 * @module
 */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import {
  type Conversation,
  Direction,
  KeyState,
  type Message,
  type Person,
} from '#gen/web/sotto/agent/v1/agent_service.ts'
import { avatar } from './avatar.ts'
import { call } from './client/rpc.ts'
import { ModelElement } from './element.ts'
import { icon } from './icons.ts'
import { idText, model } from './model.ts'
import { isNotifying, toggleNotices } from './notifications.ts'
import { goTo, WIRE } from './route.ts'
import { agoText } from './time.ts'

/** How long after the last key a search begins, in milliseconds. */
const PAUSE_MS = 150

/** What was found for the words in the search field. */
interface Found {
  readonly people: readonly Person[]
  readonly messages: readonly Message[]
  readonly count: number
}

const NOTHING: Found = { people: [], messages: [], count: 0 }

class Sidebar extends ModelElement {
  static override properties: PropertyDeclarations = { words: { state: true }, found: { state: true } }
  declare words: string
  declare found: Found
  #searching: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    super()
    this.words = ''
    this.found = NOTHING
  }

  #input(words: string): void {
    this.words = words
    this.#searching?.abort()
    clearTimeout(this.#timer)
    if (words.trim() === '') this.found = NOTHING
    else this.#timer = setTimeout(() => void this.#search(words.trim()), PAUSE_MS)
  }

  async #search(words: string): Promise<void> {
    const searching = new AbortController()
    this.#searching = searching
    const { signal } = searching
    const isName = /^[a-z0-9._-]{1,32}$/.test(words)
    const nobody = { people: [], complete: true }
    const [{ people }, { messages, found }] = await Promise.all([
      isName ? call('listPeople', { prefix: words }, signal).catch(() => nobody) : nobody,
      call('search', { words, limit: 50 }, signal).catch(() => ({ messages: [], found: 0n })),
    ])
    if (!signal.aborted) this.found = { people, messages, count: Number(found) }
  }

  #clear(): void {
    this.#input('')
  }

  #keys(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#clear()
    if (event.key === 'Enter' || event.key === 'ArrowDown') {
      event.preventDefault()
      const first = this.querySelector<HTMLElement>('nav a')
      if (event.key === 'ArrowDown') first?.focus()
      else if (first !== null) {
        first.click()
        this.#clear()
        // One may be in that conversation already.
        requestAnimationFrame(() => document.querySelector('textarea')?.focus())
      }
    }
  }

  override render(): TemplateResult {
    const { profile, connection, link } = model
    const state =
      link === 'lost' ? 'The client is not running' : connection.online ? 'Online' : connection.reason || 'Connecting …'
    return html`
      <header class="me">
        ${avatar(profile?.username ?? '', link === 'connected' && connection.online)}
        <div class="who">
          <strong>${profile?.username}</strong>
          <span class="state" role="status">${state}</span>
        </div>
        <a class="quiet" href=${WIRE} aria-current=${model.isWireShown ? 'page' : nothing} title="The wire: the messages of the protocol" aria-label="The wire: the messages of the protocol">${icon('wire')}</a>
        <button class="quiet" aria-pressed=${isNotifying()} title="Notices when somebody writes" aria-label="Notices when somebody writes"
          @click=${() => void toggleNotices(() => this.requestUpdate())}>${icon('bell')}</button>
      </header>
      <div class="search">
        ${icon('search')}
        <input type="search" .value=${this.words} placeholder="Search, or begin with a name" aria-label="Search people and messages"
          autocomplete="off" spellcheck="false" maxlength="1000"
          @input=${(event: InputEvent) => this.#input((event.target as HTMLInputElement).value)}
          @keydown=${(event: KeyboardEvent) => this.#keys(event)}>
      </div>
      <nav aria-label="Conversations">${this.words.trim() === '' ? this.#conversations() : this.#results()}</nav>
    `
  }

  #conversations(): unknown {
    if (model.conversations.size === 0) {
      return html`<p class="hint">No conversations yet. Type a name above to begin one.</p>`
    }
    return repeat(
      model.sorted,
      ({ contact }) => contact,
      (each) => this.#row(each),
    )
  }

  #row(conversation: Conversation): TemplateResult {
    const { contact, online, unread, last, key, provisional } = conversation
    const isOpen = contact === model.contact
    const isDoubtful = key === KeyState.CHANGED || key === KeyState.MISMATCH
    return html`<a href="#/${contact}" aria-current=${isOpen ? 'page' : nothing}>
      ${avatar(contact, online)}
      <span class="name">${contact}${online ? html`<span class="hidden">, online</span>` : nothing}${
        provisional ? html` <span class="provisional">key by letter</span>` : nothing
      }</span>
      <time>${last?.storedAt ? agoText(last.storedAt) : nothing}</time>
      <span class="last">${
        isDoubtful
          ? html`<span class="doubt">${icon('warning')} another key</span>`
          : model.typing.has(contact)
            ? html`<em>writing …</em>`
            : last && previewOf(last)
      }</span>
      ${unread > 0n ? html`<span class="badge" aria-label="${unread} unread">${unread > 99n ? '99+' : unread}</span>` : nothing}
    </a>`
  }

  #results(): TemplateResult {
    const words = this.words.trim()
    const known = model.sorted.filter(({ contact }) => contact.includes(words.toLowerCase()))
    const others = this.found.people.filter(
      ({ name }) => !model.conversations.has(name) && name !== model.profile?.username,
    )
    const { messages, count } = this.found
    const isNothing = known.length + others.length + messages.length === 0
    return html`
      ${known.map((each) => this.#row(each))}
      ${others.map(
        ({ name, displayName, online }) => html`<a href="#/${name}" @click=${() => this.#clear()}>
          ${avatar(name, online)}<span class="name">${name}</span><span class="last" dir="auto">${displayName || 'begin a conversation'}</span>
        </a>`,
      )}
      ${messages.length > 0 ? html`<h2>${count > messages.length ? `The newest of ${count} messages` : 'Messages'}</h2>` : nothing}
      ${messages.map(
        (
          message,
        ) => html`<a href="#/${message.contact}/${message.position}" @click=${() => goTo(message.contact, message.position)}>
          ${avatar(message.contact, false)}<span class="name">${message.contact}</span>
          <time>${message.storedAt && agoText(message.storedAt)}</time>
          <span class="last">${previewOf(message)}</span>
        </a>`,
      )}
      ${isNothing ? html`<p class="hint">Nothing found.</p>` : nothing}
    `
  }
}

function previewOf({ content, direction }: Message): TemplateResult | undefined {
  const from = direction === Direction.OUTGOING ? 'You: ' : ''
  if (content?.$case === 'text') return html`${from}<bdi>${content.value.slice(0, 120)}</bdi>`
  if (content?.$case === 'fileOffer') return html`${from}${icon('file')} <bdi>${content.value.name}</bdi>`
  if (content?.$case !== 'fileStatus') return undefined
  return html`${icon('file')} <bdi>${model.transfers.get(idText(content.value.offerId))?.name ?? 'file'}</bdi>`
}

customElements.define('sotto-sidebar', Sidebar)
