/**
 * Comparing keys: the safety number as digits, words and a QR code, side by side, and what to say of it.
 *
 * @module
 */
import { html, nothing, type PropertyDeclarations, svg, type TemplateResult } from 'lit'
import type { GetSafetyNumberResponse, SafetyNumber } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { call } from './client/rpc.ts'
import { ModelElement } from './element.ts'
import { icon } from './icons.ts'
import { model } from './model.ts'

/** Open the dialog for a contact. */
export async function openVerify(contact: string): Promise<void> {
  const dialog = document.querySelector<VerifyDialog>('sotto-verify')
  await dialog?.open(contact)
}

type Draw = (text: string) => TemplateResult

class VerifyDialog extends ModelElement {
  static override properties: PropertyDeclarations = { contact: { state: true }, found: { state: true } }
  declare contact: string | undefined
  declare found: GetSafetyNumberResponse | undefined
  #draw: Draw = () => html``

  async open(contact: string): Promise<void> {
    const [found, { encode }] = await Promise.all([
      model.try(() => call('getSafetyNumber', { contact })),
      import('uqr'),
    ])
    if (found === undefined) return
    this.#draw = (text) => qrCode(encode(text, { ecc: 'L', border: 2 }).data)
    this.contact = contact
    this.found = found
    await this.updateComplete
    this.querySelector('dialog')?.showModal()
  }

  #close(): void {
    this.querySelector('dialog')?.close()
  }

  async #agrees(agrees: boolean, identityKey: Uint8Array = new Uint8Array()): Promise<void> {
    const { contact = '' } = this
    this.#close()
    await model.try(() => call('verify', { contact, agrees, identityKey }))
  }

  override render(): TemplateResult | typeof nothing {
    const { contact, found } = this
    if (contact === undefined || found === undefined) return nothing
    const isOne = found.numbers.length === 1
    return html`<dialog aria-labelledby="verify-title" @click=${(event: Event) => event.target === event.currentTarget && this.#close()}>
      <div class="sheet">
        <header><h1 id="verify-title">Compare with ${contact}</h1>
          <button class="quiet" aria-label="Close" @click=${() => this.#close()}>${icon('close')}</button></header>
        <p>Read the digits or the words to ${contact} by telephone or face to face. If ${contact} sees the same, nobody stands between you two.</p>
        ${found.numbers.map((number) => this.#number(contact, number, isOne))}
        <footer>
          <span class="note">${found.state}</span>
          <button class="danger" @click=${() => void this.#agrees(false)}>They differ</button>
          ${isOne ? this.#agree(found.numbers[0], 'They agree') : nothing}
        </footer>
      </div>
    </dialog>`
  }

  #number(contact: string, number: SafetyNumber, isOne: boolean): TemplateResult {
    const groups = number.digits.match(/\d{5}/g) ?? []
    return html`<section>
      ${isOne ? nothing : html`<h2>${number.pinned ? `The key that you know of ${contact}` : `The other key, said to be ${contact}’s`}</h2>`}
      <div class="number">
        <div><ol class="digits" aria-label="Digits">${groups.map((group) => html`<li>${group}</li>`)}</ol>
        <ol class="words" aria-label="Words">${number.words.map((word) => html`<li>${word}</li>`)}</ol></div>
        ${this.#draw(number.qrText)}
      </div>
      ${isOne ? nothing : this.#agree(number, number.pinned ? 'This one agrees' : 'This new one agrees')}
    </section>`
  }

  #agree(number: SafetyNumber | undefined, label: string): TemplateResult {
    return html`<button class="primary" @click=${() => void this.#agrees(true, number?.identityKey)}>${label}</button>`
  }
}

function qrCode(rows: readonly (readonly boolean[])[]): TemplateResult {
  const squares = rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return html`<svg class="qr" viewBox="0 0 ${rows.length} ${rows.length}" role="img" aria-label="QR code">${svg`<path d=${squares}/>`}</svg>`
}

customElements.define('sotto-verify', VerifyDialog)
