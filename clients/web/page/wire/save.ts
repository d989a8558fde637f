/**
 * Saves what the wire view shows: the diagram as SVG, the trace as JSON that opens again, and as one HTML file that needs
 * nothing else.
 *
 * @module
 */
import type { Message } from '../../wire/trace-file.ts'
import { writeTrace } from '../../wire/trace-file.ts'
import { diagramStyle } from './diagram.ts'

/** Save the diagram as it is drawn, with its look in it. */
export function saveSvg(drawn: SVGElement): void {
  const copy = drawn.cloneNode(true) as SVGElement
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style')
  style.textContent = `svg { color-scheme: light dark; } ${diagramStyle.cssText}`
  copy.prepend(style)
  // The marks at which the page draws again.
  const comments = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT)
  const found: Node[] = []
  while (comments.nextNode()) found.push(comments.currentNode)
  for (const comment of found) comment.parentNode?.removeChild(comment)
  save('sotto-wire.svg', 'image/svg+xml', new XMLSerializer().serializeToString(copy))
}

export function saveJson(messages: readonly Message[]): void {
  save('sotto-trace.jsonl', 'application/jsonl', writeTrace(messages))
}

/** Where the trace goes: in the modules that stand in the file, this one among them, nothing ends a script element. */
const PLACE = '@trace@</script>'

/** Save the messages in the file that `sotto demo --html` writes, which the client gives without any. */
export function saveHtml(messages: readonly Message[], template: string): void {
  const [before, after, ...more] = template.split(PLACE)
  if (before === undefined || after === undefined || more.length > 0)
    throw new TypeError('there is no place for a trace')
  // No script element ends in it.
  const trace = writeTrace(messages).replaceAll('<', '\\u003c')
  save('sotto-wire.html', 'text/html', `${before}${trace}</script>${after}`)
}

function save(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
