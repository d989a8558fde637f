/**
 * A conversation: who it is with, what was said, and where one writes.
 *
 * @module
 */
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit'
import { type Conversation, KeyState } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { avatar } from '../avatar.ts'
import { call } from '../client/rpc.ts'
import { ModelElement } from '../element.ts'
import { icon } from '../icons.ts'
import { model } from '../model.ts'
import { goTo } from '../route.ts'
import { upload } from '../uploads.ts'
import { openVerify } from '../verify.ts'
import './composer.ts'
import './transcript.ts'

class ConversationView extends ModelElement {
  static override properties: PropertyDeclarations = { isDragged: { state: true } }
  declare isDragged: boolean

  constructor() {
    super()
    this.isDragged = false
    this.addEventListener('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      this.isDragged = true
    })
    this.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!this.contains(relatedTarget as Node | null)) this.isDragged = false
    })
    this.addEventListener('drop', (event) => {
      event.preventDefault()
      this.isDragged = false
      const { contact } = model
      for (const file of event.dataTransfer?.files ?? []) if (contact !== undefined) void upload(contact, file)
    })
  }

  override render(): TemplateResult | typeof nothing {
    const { contact } = model
    if (contact === undefined) return nothing
    const conversation = model.conversations.get(contact)
    const { online = false, key = KeyState.UNSPECIFIED } = conversation ?? {}
    return html`
      <header>
        <button class="quiet back" aria-label="Back to the conversations" @click=${() => goTo()}>${icon('back')}</button>
        ${avatar(contact, online)}
        <div class="who"><h1>${contact}</h1><span class="state">${stateText(conversation)}${
          conversation?.provisional ? html` · key known from letters alone` : nothing
        }</span></div>
        <button class="key ${key === KeyState.VERIFIED ? 'verified' : ''}" aria-label=${key === KeyState.VERIFIED ? 'Verified: compare again' : 'Verify: compare keys'} ?disabled=${key === KeyState.UNSPECIFIED} @click=${() => void openVerify(contact)}>
          ${icon(key === KeyState.VERIFIED ? 'verified' : 'shield')}<span>${key === KeyState.VERIFIED ? 'Verified' : 'Verify'}</span>
        </button>
        <button class="quiet" popovertarget="menu" title="More" aria-label="More">${icon('more')}</button>
        <menu id="menu" popover>${this.#menu(contact, conversation)}</menu>
      </header>
      ${warningOf(contact, conversation)}
      <sotto-transcript></sotto-transcript>
      <sotto-composer></sotto-composer>
      ${this.isDragged ? html`<div class="drop">Drop files to offer them to ${contact}</div>` : nothing}
    `
  }

  #menu(contact: string, conversation: Conversation | undefined): TemplateResult {
    const blocked = conversation?.blocked === true
    const block = () => this.#do(() => call('block', { contact, blocked: !blocked }))
    const forget = () => {
      if (!confirm(`Remove all that was said with ${contact} from this machine? There is no way back.`)) return
      this.#do(async () => {
        await call('forget', { contact })
        goTo()
      })
    }
    return html`
      <li><button @click=${block}>${blocked ? 'Unblock' : 'Block'} ${contact}</button></li>
      <li><button class="danger" @click=${forget}>Remove this conversation</button></li>
    `
  }

  #do(work: () => Promise<unknown>): void {
    this.querySelector<HTMLElement>('#menu')?.hidePopover()
    void model.try(work)
  }
}

function stateText(conversation: Conversation | undefined): string {
  if (conversation === undefined) return 'new conversation'
  const { contact, blocked, online, waiting, posted } = conversation
  if (blocked) return 'blocked'
  if (model.typing.has(contact)) return 'writing …'
  if (online) return 'online'
  const undelivered = [waiting > 0n ? `${waiting} waiting` : '', posted > 0n ? `${posted} posted` : '']
  return ['offline', ...undelivered.filter(Boolean)].join(', ')
}

/** The one sentence and the one button where something has to be decided first. */
function warningOf(contact: string, conversation: Conversation | undefined): TemplateResult | typeof nothing {
  const { key, blocked } = conversation ?? {}
  if (key === KeyState.CHANGED) {
    return html`<div class="warning" role="alert">${icon('warning')}<p>Another key is said to be ${contact}’s. Nothing goes to ${contact} until you have compared it with them.</p>
      <button class="primary" @click=${() => void openVerify(contact)}>Compare</button></div>`
  }
  if (key === KeyState.MISMATCH) {
    return html`<div class="warning" role="alert">${icon('warning')}<p>The safety number with ${contact} did not agree: somebody may stand between you two. Nothing goes to ${contact} or is shown of them.</p>
      <button class="primary" @click=${() => void openVerify(contact)}>Compare again</button></div>`
  }
  if (blocked !== true) return nothing
  return html`<div class="warning calm">${icon('shield')}<p>You have blocked ${contact}.</p>
    <button @click=${() => void model.try(() => call('block', { contact, blocked: false }))}>Unblock</button></div>`
}

customElements.define('sotto-conversation', ConversationView)
