/** A person as a disc with the first letter of their name, and a dot where they are online. */
import { html, type TemplateResult } from 'lit'
import { hueOf } from './time.ts'

export function avatar(name: string, isOnline: boolean): TemplateResult {
  return html`<span class="avatar hue-${hueOf(name)}" aria-hidden="true">${name.slice(0, 1)}${
    isOnline ? html`<span class="dot"></span>` : undefined
  }</span>`
}
