/**
 * The page: conversations at the left, one of them at the right; on a narrow screen the one or the other.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import { ModelElement } from './element.ts'
import { icon } from './icons.ts'
import { model } from './model.ts'
import { goBeside, goTo } from './route.ts'
import './conversation/conversation.ts'
import './sidebar.ts'
import './verify.ts'

class App extends ModelElement {
  override connectedCallback(): void {
    super.connectedCallback()
    addEventListener('keydown', this.#keys)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('keydown', this.#keys)
  }

  readonly #keys = (event: KeyboardEvent) => {
    const { key, altKey, ctrlKey, metaKey } = event
    if ((ctrlKey || metaKey) && key === 'k') this.querySelector<HTMLElement>('input[type=search]')?.focus()
    else if (altKey && key === 'ArrowUp') goBeside(-1)
    else if (altKey && key === 'ArrowDown') goBeside(1)
    else if (key === 'Escape' && document.querySelector('dialog[open], :popover-open') === null) goTo()
    else return
    event.preventDefault()
  }

  override render(): TemplateResult {
    if (model.link === 'signed out')
      return cover('This page needs a link of its own', 'In a terminal, run', 'sotto web')
    if (model.profile === undefined) {
      return model.link === 'lost'
        ? cover('The client is not running', 'The page comes back by itself when you run', 'sotto web')
        : html`<p class="cover" role="status"></p>`
    }
    return html`
      <main class="${model.contact === undefined && !model.isWireShown ? '' : 'talking'}">
        <sotto-sidebar></sotto-sidebar>
        ${shownView()}
      </main>
      <sotto-verify></sotto-verify>
      ${model.link === 'lost' ? html`<p class="banner" role="alert">The client is not running. This page comes back by itself when it runs again: <code>sotto web${flagOf(model.profile.profile)}</code></p>` : nothing}
      <div class="notices" role="status">${model.notices.map(
        ({ key, text }) =>
          html`<p><span>${text}</span><button class="quiet" aria-label="Dismiss" @click=${() => model.dismiss(key)}>${icon('close')}</button></p>`,
      )}</div>
    `
  }
}

/** What stands beside the list. */
function shownView(): TemplateResult {
  if (model.isWireShown) return html`<sotto-wire-view></sotto-wire-view>`
  if (model.contact !== undefined) return html`<sotto-conversation></sotto-conversation>`
  return html`<section class="welcome"><p>Choose a conversation, or type a name to begin one.</p><p class="keys"><kbd>Ctrl</kbd> <kbd>K</kbd> searches, <kbd>Alt</kbd> <kbd>↑</kbd> <kbd>↓</kbd> go through conversations</p></section>`
}

/** What names a profile in a command. */
function flagOf(profile: string): string {
  return profile === 'default' ? '' : ` --profile ${profile}`
}

function cover(heading: string, text: string, command: string): TemplateResult {
  return html`<div class="cover"><h1>${heading}</h1><p>${text} <code>${command}</code></p></div>`
}

customElements.define('sotto-app', App)
