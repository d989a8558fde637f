/**
 * The page's second view: the messages of the protocol as they happen at one's own client. Nothing of it is loaded, and no
 * message asked for, before somebody opens it.
 *
 * @module
 */
import { html, type TemplateResult } from 'lit'
import type { TraceEvent } from '#gen/web/sotto/agent/v1/agent_service.ts'
import type { Message } from '../../wire/trace-file.ts'
import { ModelElement } from '../element.ts'
import { icon } from '../icons.ts'
import { model } from '../model.ts'
import { messageOf } from './from-event.ts'
import { template } from './template.ts'
import './wire.ts'

class WireView extends ModelElement {
  /** Each event's message, so that one that stays is the same object. */
  readonly #messages = new WeakMap<TraceEvent, Message | undefined>()
  #events: readonly TraceEvent[] = []
  #trace: readonly Message[] = []
  #hasUnknown = false

  #follow(): readonly Message[] {
    if (this.#events === model.traced) return this.#trace
    this.#events = model.traced
    this.#trace = this.#events.flatMap((event) => this.#read(event) ?? [])
    return this.#trace
  }

  #read(event: TraceEvent): Message | undefined {
    if (!this.#messages.has(event)) {
      try {
        this.#messages.set(event, messageOf(event))
      } catch {
        this.#messages.set(event, undefined)
        this.#hasUnknown = true
      }
    }
    return this.#messages.get(event)
  }

  override render(): TemplateResult {
    const trace = this.#follow()
    return html`
      <header>
        <a class="quiet back" href="#/" aria-label="Back to the conversations">${icon('back')}</a>
        <div class="who"><h1>The wire</h1><span class="state">what passes at this client, since this view was opened</span></div>
      </header>
      <div class="glass">
        ${
          trace.length === 0
            ? html`<p class="hint">Nothing has passed yet. Write to somebody, and come back: each message stands here, with its bytes, and with who could read them. Where a <code>sotto chat</code> holds the conversations, start it with <code>--trace</code>.</p>`
            : ''
        }
        ${this.#hasUnknown ? html`<p class="hint" role="alert">Some messages are of a newer client than this page: reload it.</p>` : ''}
        <sotto-wire .trace=${trace} .template=${template}></sotto-wire>
      </div>
    `
  }
}

customElements.define('sotto-wire-view', WireView)
