/**
 * The tables below the diagram: what each party knows by now, and the lines that recompute what is derived.
 *
 * @module
 */
import { html, nothing, type TemplateResult } from 'lit'
import type { Known } from '../../wire/knowledge.ts'
import type { Recomputation } from '../../wire/recompute-line.ts'

/** A row for each thing, a column for each party; a mark where it knows, after the messages that have passed by now. */
export function knowledgeTable(known: readonly Known[], parties: readonly string[], shown: number): TemplateResult {
  const rows = known.filter(({ since }) => [...since.values()].some((index) => index < shown))
  if (rows.length === 0) return html``
  return html`
    <h2>What each knows by now</h2>
    <div class="scroll"><table>
      <thead><tr><th scope="col"></th>${parties.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ({ what, since, isSecret }) => html`<tr class="${isSecret ? 'secret' : ''}">
          <th scope="row">${what}</th>
          ${parties.map((name) => mark(since.get(name), shown))}
        </tr>`,
      )}</tbody>
    </table></div>`
}

function mark(since: number | undefined, shown: number): TemplateResult {
  if (since === undefined || since >= shown) return html`<td><span class="hidden">no</span></td>`
  const isNew = since === shown - 1
  return html`<td class="knows ${isNew ? 'new' : ''}" title="since message ${since + 1}">●<span class="hidden">yes</span></td>`
}

/** The lines of one message. */
export function recomputeList(
  lines: readonly Recomputation[],
  copied: string | undefined,
  copy: (command: string) => void,
) {
  if (lines.length === 0) return nothing
  return html`
    <h3>Recompute</h3>
    <ul class="recompute">${lines.map(
      ({ what, command, prints }) => html`<li>
        <p>${what}</p>
        <pre tabindex="0">${command}</pre>
        <p class="prints"><span>prints <code>${prints}</code></span><button @click=${() => copy(command)}>${copied === command ? 'copied' : 'copy'}</button></p>
      </li>`,
    )}</ul>`
}
