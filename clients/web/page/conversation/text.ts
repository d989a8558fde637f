/**
 * A text as it is shown: line breaks as they are, code between rows of three backticks in a box, addresses as links that one
 * may follow. Nothing of a text becomes markup or is fetched; it stands in the page as characters.
 *
 * @module
 */
import { html, type TemplateResult } from 'lit'
import { icon } from '../icons.ts'
import { partsOf, type TextPart } from './text-parts.ts'

/** How much of a text is shown at first, in characters. */
const SHOWN = 4_000

export function textOf(text: string, isWhole: boolean, showWhole: () => void): TemplateResult {
  const shown = isWhole || text.length <= SHOWN ? text : text.slice(0, SHOWN)
  const more =
    shown.length === text.length ? undefined : html`<button class="link" @click=${showWhole}>Show all of it</button>`
  return html`<div class="text" dir="auto">${partsOf(shown).map(drawn)}</div>${more}`
}

function drawn(part: TextPart): TemplateResult | string {
  if (part.kind === 'text') return part.text
  if (part.kind === 'code') return codeBlock(part.code, part.language)
  // Its direction is its own: what stands before it turns no part of it around.
  return html`<a href=${part.address} dir="ltr" target="_blank" rel="noopener noreferrer">${part.address}</a>`
}

function codeBlock(code: string, language: string): TemplateResult {
  const copy = async ({ currentTarget }: Event) => {
    await navigator.clipboard.writeText(code)
    const button = currentTarget as HTMLElement
    button.dataset['done'] = ''
    setTimeout(() => delete button.dataset['done'], 1_500)
  }
  return html`<figure class="code">
    <figcaption>${language || 'code'}<button class="quiet" @click=${copy} aria-label="Copy the code">${icon('copy')}</button></figcaption>
    <pre tabindex="0"><code>${code}</code></pre>
  </figure>`
}
