/**
 * Where one writes: Enter sends, Shift-Enter begins a line, a file is dropped, pasted or chosen. What is not sent yet stays
 * with its conversation.
 *
 * @module
 */
import { html, type TemplateResult } from 'lit'
import { KeyState } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { call } from '../client/rpc.ts'
import { ModelElement } from '../element.ts'
import { icon } from '../icons.ts'
import { model } from '../model.ts'
import { type Upload, upload, uploadsTo } from '../uploads.ts'
import { TypingReports } from './typing-reports.ts'

class Composer extends ModelElement {
  /** The last word of one's typing, which those behind it must not overtake. */
  #telling: Promise<unknown> = Promise.resolve()
  readonly #typing = new TypingReports({
    tell: (contact, active) => {
      this.#telling = this.#telling.then(() => call('setTyping', { contact, active })).catch(() => {})
    },
    nowMs: () => performance.now(),
    later: (ms, work) => {
      const timer = setTimeout(work, ms)
      return () => clearTimeout(timer)
    },
  })
  #contact: string | undefined

  get #field(): HTMLTextAreaElement | null {
    return this.querySelector('textarea')
  }

  #typed(text: string): void {
    const { contact } = model
    if (contact === undefined) return
    if (text === '') model.drafts.delete(contact)
    else model.drafts.set(contact, text)
    this.#typing.typed(contact, text)
  }

  async #send(): Promise<void> {
    const { contact } = model
    const text = this.#field?.value ?? ''
    if (contact === undefined || text.trim() === '') return
    this.#setText('')
    this.#typed('')
    const sent = await model.try(() => call('send', { contact, text }))
    if (sent !== undefined) return
    // What was not taken comes back, before what was written since: to the line of whom it was for, and of nobody else.
    const isShown = model.contact === contact
    const since = (isShown ? this.#field?.value : model.drafts.get(contact)) ?? ''
    const back = since === '' ? text : `${text}\n${since}`
    model.drafts.set(contact, back)
    if (isShown) this.#setText(back)
  }

  #setText(text: string): void {
    if (this.#field !== null) this.#field.value = text
    this.#fit()
  }

  #keys(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    void this.#send()
  }

  /** As high as its text, up to what the style allows. */
  #fit(): void {
    const field = this.#field
    if (field === null) return
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight}px`
  }

  #offer(files: Iterable<File>): void {
    const { contact } = model
    if (contact !== undefined) for (const file of files) void upload(contact, file)
  }

  #paste(event: ClipboardEvent): void {
    const { files } = event.clipboardData ?? { files: [] }
    if (files.length === 0) return
    event.preventDefault()
    this.#offer(files)
  }

  #chosen(event: Event): void {
    const input = event.target as HTMLInputElement
    this.#offer(input.files ?? [])
    input.value = ''
  }

  override updated(): void {
    if (this.#contact === model.contact) return
    this.#contact = model.contact
    this.#typing.stop()
    this.#setText(model.drafts.get(model.contact ?? '') ?? '')
    // On a small screen the keyboard would cover what one came to read.
    if (matchMedia('(pointer: fine)').matches) this.#field?.focus()
  }

  override render(): TemplateResult {
    const { contact = '' } = model
    const conversation = model.conversations.get(contact)
    const isStopped =
      conversation?.blocked || conversation?.key === KeyState.CHANGED || conversation?.key === KeyState.MISMATCH
    return html`
      ${uploadsTo(contact).map(uploadRow)}
      <form @submit=${(event: Event) => event.preventDefault()}>
        <button type="button" class="quiet" title="Offer files" aria-label="Offer files" ?disabled=${isStopped}
          @click=${() => this.querySelector<HTMLInputElement>('input')?.click()}>${icon('attach')}</button>
        <input type="file" multiple hidden @change=${(event: Event) => this.#chosen(event)}>
        <textarea rows="1" dir="auto" placeholder="Write to ${contact}" aria-label="Write to ${contact}" ?disabled=${isStopped}
          @input=${(event: Event) => {
            this.#typed((event.target as HTMLTextAreaElement).value)
            this.#fit()
          }}
          @keydown=${(event: KeyboardEvent) => this.#keys(event)} @paste=${(event: ClipboardEvent) => this.#paste(event)}></textarea>
        <button type="button" class="send" title="Send" aria-label="Send" ?disabled=${isStopped} @click=${() => void this.#send()}>${icon('send')}</button>
      </form>
    `
  }
}

function uploadRow({ name, size, sent, cancel }: Upload): TemplateResult {
  return html`<div class="upload"><bdi>${name}</bdi>
    <progress max=${size || 1} value=${sent} aria-label="Reading ${name}"></progress>
    <button class="quiet" aria-label="Cancel ${name}" @click=${cancel}>${icon('close')}</button></div>`
}

customElements.define('sotto-composer', Composer)
