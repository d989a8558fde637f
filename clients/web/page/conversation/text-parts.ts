/**
 * The parts of a text: what was written, the addresses in it, and code between rows of three backticks.
 *
 * Somebody else wrote the text, and each change of the page may have it drawn again: whatever stands in it, it is gone
 * through once.
 *
 * @module
 */

export type TextPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly address: string }
  | { readonly kind: 'code'; readonly code: string; readonly language: string }

const FENCE = '```'

/** The name of a language behind a fence. */
const LANGUAGE = /^[\w+#.-]*$/

/**
 * An address. No character that is invisible, or turns the direction of writing, is one of it: it would look like another.
 */
const LINK = /\bhttps?:\/\/[^\s<>"'`\p{Cc}\p{Cf}]+/gu

/** What is not taken for the end of an address. */
const TRAILING = '.,;:!?)]}'

/** The parts in their order: together they are the text, without the fences and the line ends beside them. */
export function partsOf(text: string): TextPart[] {
  const lines = text.split('\n')
  const parts: TextPart[] = []
  let plain: string[] = []
  const endPlain = () => {
    if (plain.length > 0) parts.push(...linked(plain.join('\n')))
    plain = []
  }
  // Behind the last line that can end code, nothing begins it.
  const last = lines.findLastIndex((line) => behindFence(line) === '')
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string
    const language = at < last ? behindFence(line) : undefined
    if (language === undefined || !LANGUAGE.test(language)) plain.push(line)
    else {
      endPlain()
      const begin = at + 1
      for (at = begin; behindFence(lines[at] as string) !== ''; ) at += 1
      parts.push({ kind: 'code', code: lines.slice(begin, at).join('\n'), language })
    }
  }
  endPlain()
  return parts
}

/** What stands behind a fence; undefined of a line that is none. */
function behindFence(line: string): string | undefined {
  return line.startsWith(FENCE) ? line.slice(FENCE.length).trim() : undefined
}

function linked(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const match of text.matchAll(LINK)) {
    const address = withoutTrailing(match[0])
    if (!URL.canParse(address)) continue
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'link', address })
    end = match.index + address.length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

function withoutTrailing(address: string): string {
  let end = address.length
  while (end > 0 && TRAILING.includes(address[end - 1] as string)) end -= 1
  return address.slice(0, end)
}
