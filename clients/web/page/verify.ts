/**
 * Comparing keys: the safety number as digits, words and a QR code, side by side, and what to say of it. Where the browser
 * can, the camera reads the other's code and compares it.
 *
 * @module
 */
import { html, nothing, type PropertyDeclarations, svg, type TemplateResult } from 'lit'
import type { GetSafetyNumberResponse, SafetyNumber } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { canRead, readCode } from './camera.ts'
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

/** What every code of a safety number begins with (lib/trust/safety-number.ts). */
const CODE_PREFIX = 'SOTTO1:'

class VerifyDialog extends ModelElement {
  static override properties: PropertyDeclarations = {
    contact: { state: true },
    found: { state: true },
    isReading: { state: true },
    outcome: { state: true },
  }
  declare contact: string | undefined
  declare found: GetSafetyNumberResponse | undefined
  /** Whether the camera looks for a code. */
  declare isReading: boolean
  /** What came of it. */
  declare outcome: string
  #canRead = false
  #reading: AbortController | undefined
  #draw: Draw = () => html``

  async open(contact: string): Promise<void> {
    const [found, { encode }, canUseCamera] = await Promise.all([
      model.try(() => call('getSafetyNumber', { contact })),
      import('uqr'),
      canRead(),
    ])
    if (found === undefined) return
    this.#canRead = canUseCamera
    this.outcome = ''
    this.#draw = (text) => qrCode(encode(text, { ecc: 'L', border: 2 }).data)
    this.contact = contact
    this.found = found
    await this.updateComplete
    this.querySelector('dialog')?.showModal()
  }

  /** Have the camera read the other's code, which is the same as one's own, or tells that the keys differ. */
  async #read(): Promise<void> {
    this.isReading = true
    this.outcome = ''
    await this.updateComplete
    const video = this.querySelector('video')
    const reading = new AbortController()
    this.#reading = reading
    const code = await (video === null
      ? undefined
      : readCode(video, (each) => each.startsWith(CODE_PREFIX), reading.signal).catch(() => {
          this.outcome = 'The camera cannot be used here.'
          return undefined
        }))
    this.isReading = false
    if (code === undefined) return
    const same = this.found?.numbers.find(({ qrText }) => qrText === code)
    if (same !== undefined) await this.#agrees(true, same.identityKey)
    else
      this.outcome = `That is not the code of you and ${this.contact}. If it is from the page that ${this.contact} has open for you, the keys differ.`
  }

  #close(): void {
    this.#reading?.abort()
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
    return html`<dialog aria-labelledby="verify-title" @close=${() => this.#reading?.abort()} @click=${(event: Event) => event.target === event.currentTarget && this.#close()}>
      <div class="sheet">
        <header><h1 id="verify-title">Compare with ${contact}</h1>
          <button class="quiet" aria-label="Close" @click=${() => this.#close()}>${icon('close')}</button></header>
        <p>Read the digits or the words to ${contact} by telephone or face to face. If ${contact} sees the same, nobody stands between you two.</p>
        ${found.numbers.map((number) => this.#number(contact, number, isOne))}
        ${this.isReading ? html`<video class="camera" muted playsinline aria-label="What the camera sees"></video>` : nothing}
        ${this.outcome ? html`<p class="alarm" role="alert">${this.outcome}</p>` : nothing}
        ${this.#canRead && !this.isReading ? html`<button class="scan" @click=${() => void this.#read()}>Read ${contact}’s code with the camera</button>` : nothing}
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
