/**
 * A text as it is shown: line breaks as they are, code between rows of three backticks in a box, addresses as links that one
 * may follow. Nothing of a text becomes markup or is fetched; it stands in the page as characters.
 *
 * @module
 */
import { html, type TemplateResult } from 'lit'
import { icon } from '../icons.ts'

/** Code between fences, with the name of its language behind the first. */
const FENCED = /^```[^\S\n]*([\w+#.-]*)[^\S\n]*\n([\s\S]*?)\n?^```[^\S\n]*$/gm

const LINK = /\bhttps?:\/\/[^\s<>"'`]+/g

/** What is not taken for the end of an address. */
const TRAILING = /[.,;:!?)\]}]+$/

/** How much of a text is shown at first, in characters. */
const SHOWN = 4_000

export function textOf(text: string, isWhole: boolean, showWhole: () => void): TemplateResult {
  const shown = isWhole || text.length <= SHOWN ? text : text.slice(0, SHOWN)
  const parts: unknown[] = []
  let end = 0
  for (const match of shown.matchAll(FENCED)) {
    parts.push(...linked(shown.slice(end, match.index).replace(/\n$/, '')))
    parts.push(codeBlock(match[2] ?? '', match[1] ?? ''))
    end = match.index + match[0].length
  }
  parts.push(...linked(shown.slice(end).replace(end > 0 ? /^\n/ : /^$/, '')))
  const more =
    shown.length === text.length ? undefined : html`<button class="link" @click=${showWhole}>Show all of it</button>`
  return html`<div class="text" dir="auto">${parts}</div>${more}`
}

function linked(text: string): unknown[] {
  const parts: unknown[] = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, '')
    if (!URL.canParse(address)) continue
    parts.push(
      text.slice(end, match.index),
      html`<a href=${address} target="_blank" rel="noopener noreferrer">${address}</a>`,
    )
    end = match.index + address.length
  }
  parts.push(text.slice(end))
  return parts
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
