/**
 * The page of a demo: both people side by side, above the messages that pass between them; with what makes each of these
 * wait, and what has the network touch them.
 *
 * @module
 */
import { html, LitElement, nothing, type TemplateResult } from 'lit'
import type { Message } from '../../wire/trace-file.ts'
import { followLink } from '../client/session.ts'
import { template } from '../wire/template.ts'
import { type Deed, doIt, type FramedPage, type Told, told, type Waiting } from './follow.ts'
import '../wire/wire.ts'

/** What the network can be told to do, and what one should see then. */
const TOUCHES: readonly (readonly [what: Deed, label: string, about: string])[] = [
  [
    'flip',
    'Flip a bit',
    'One bit of the ticket in alice’s next Hello: bob refuses it, and alice comes again with another.',
  ],
  [
    'replay',
    'Send it twice',
    'All of alice’s next call once more, byte for byte: bob has seen the ticket, and refuses.',
  ],
  ['swap', 'Swap tickets', 'The ticket of one call in the next: it opens, but the handshake was another, and fails.'],
]

class Stage extends LitElement {
  #pages: readonly FramedPage[] = []
  #trace: Message[] = []
  #isStepping = false
  #waiting: readonly Waiting[] = []
  #says = ''
  #link: 'connecting' | 'open' | 'over' = 'connecting'

  override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#follow()
  }

  async #follow(): Promise<void> {
    await followLink()
    try {
      for await (const what of told()) {
        this.#link = 'open'
        this.#take(what)
        this.requestUpdate()
      }
    } catch {
      // It has ended, whichever way.
    }
    this.#link = 'over'
    this.requestUpdate()
  }

  #take(what: Told): void {
    if (what.type === 'pages') this.#pages = what.pages
    else if (what.type === 'notice') this.#says = what.text
    else if (what.type === 'trace') this.#trace = this.#trace.toSpliced(what.place, 1, what.message)
    else {
      this.#isStepping = what.isOn
      this.#waiting = what.waiting
    }
  }

  #touch(what: Deed): void {
    this.#says = ''
    void doIt(what)
  }

  override render(): TemplateResult {
    if (this.#link !== 'open' && this.#pages.length === 0) {
      const text = this.#link === 'over' ? 'The demo has ended, or let in another browser.' : ''
      return html`<p class="cover" role="status">${text} ${text === '' ? nothing : html`<code>sotto demo --web</code>`}</p>`
    }
    return html`
      <div class="pages">${this.#pages.map(
        ({ name, link }) => html`<section aria-label="${name}’s page">
          <h2>${name}</h2>
          <iframe src=${link} title="${name}’s page" allow="clipboard-write"></iframe>
        </section>`,
      )}</div>
      ${this.#controls()}
      <p class="says" role="status">${this.#link === 'over' ? 'The demo has ended.' : this.#said()}</p>
      <sotto-wire .trace=${this.#trace} .template=${template}></sotto-wire>
    `
  }

  #controls(): TemplateResult {
    const turn = (event: Event) => void doIt((event.target as HTMLInputElement).checked ? 'step' : 'run')
    return html`<div class="controls" role="toolbar" aria-label="What happens to messages">
      <div class="group">
        <label><input type="checkbox" .checked=${this.#isStepping} @change=${turn}> Each message waits</label>
        <button class="primary" ?disabled=${this.#waiting.length === 0} @click=${() => void doIt('next')}>Next</button>
      </div>
      <div class="group touch">
        <span>Touch alice’s next call:</span>
        ${TOUCHES.map(([what, label, about]) => html`<button title="${about}" @click=${() => this.#touch(what)}>${label}</button>`)}
      </div>
    </div>`
  }

  #said(): string {
    const [first, ...others] = this.#waiting
    if (first !== undefined) {
      const more = others.length === 0 ? '' : `, and ${others.length} more behind it`
      return `Waiting: ${first.message}, ${first.from} to ${first.to}${more}`
    }
    if (this.#isStepping) return `${this.#says} Write something: its messages will wait here, beginning with the third.`
    return this.#says
  }
}

customElements.define('sotto-stage', Stage)
