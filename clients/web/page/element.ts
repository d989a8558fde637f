/**
 * The base of the page's elements: drawn into the page itself, so that one style sheet serves all, and again whenever the
 * model changes.
 *
 * @module
 */
import { LitElement } from 'lit'
import { model } from './model.ts'

export class ModelElement extends LitElement {
  readonly #draw = () => this.requestUpdate()

  override createRenderRoot(): HTMLElement {
    return this
  }

  override connectedCallback(): void {
    super.connectedCallback()
    model.addEventListener('change', this.#draw)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    model.removeEventListener('change', this.#draw)
  }
}
