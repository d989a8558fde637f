/**
 * The picture of a terminal: what stands on its screen, with its colours, as a page that a browser can draw.
 *
 * @module
 */

/** The look of a run of cells, as its escape sequences have it. */
interface Look {
  colour: string | undefined
  background: string | undefined
  isBold: boolean
  isDim: boolean
  isReversed: boolean
  isUnderlined: boolean
}

const PLAIN: Look = {
  ...{ colour: undefined, background: undefined },
  ...{ isBold: false, isDim: false, isReversed: false, isUnderlined: false },
}

/** The sixteen colours, in the order of the sequences. */
const COLOURS = ['#4b5563', '#f28b82', '#81c995', '#fdd663', '#8ab4f8', '#d7aefb', '#78d9ec', '#e8eaed']
const BRIGHT = ['#9aa0a6', '#f6aea9', '#a8dab5', '#fde293', '#aecbfa', '#e4c7fc', '#a1e4f2', '#ffffff']

const STYLE = `html { background: #11181a; }
body { margin: 0; padding: 18px 22px; width: max-content; color: #d5dcda; background: #11181a; }
pre { margin: 0; font: 15px / 1.38 "DejaVu Sans Mono", ui-monospace, monospace; }`

/** What changes the look. */
const LOOKS = new RegExp(`${String.fromCharCode(27)}\\[([0-9;]*)m`)

/** The page. @param rows - Of the screen, with SGR sequences for the looks. */
export function terminalPage(rows: readonly string[]): string {
  let look = PLAIN
  const lines = rows.map((row) =>
    row
      .split(LOOKS)
      .map((part, index) => {
        if (index % 2 === 1) look = after(look, part === '' ? [0] : part.split(';').map(Number))
        return index % 2 === 1 || part === '' ? '' : `<span style="${styleOf(look)}">${escaped(part)}</span>`
      })
      .join(''),
  )
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><pre>${lines.join('\n')}</pre>`
}

function after(before: Look, codes: readonly number[]): Look {
  const look = { ...before }
  for (const code of codes) {
    if (code === 0) Object.assign(look, PLAIN)
    else if (code === 1) look.isBold = true
    else if (code === 2) look.isDim = true
    else if (code === 4) look.isUnderlined = true
    else if (code === 7) look.isReversed = true
    else if (code === 22) Object.assign(look, { isBold: false, isDim: false })
    else if (code === 24) look.isUnderlined = false
    else if (code === 27) look.isReversed = false
    else if (code >= 30 && code <= 37) look.colour = COLOURS[code - 30]
    else if (code === 39) look.colour = undefined
    else if (code >= 40 && code <= 47) look.background = COLOURS[code - 40]
    else if (code === 49) look.background = undefined
    else if (code >= 90 && code <= 97) look.colour = BRIGHT[code - 90]
    else throw new Error(`a colour that is not drawn: ${code}`)
  }
  return look
}

function styleOf({ colour = '#d5dcda', background = '#11181a', ...look }: Look): string {
  const [front, back] = look.isReversed ? [background, colour] : [colour, background]
  const parts = [`color:${front}`, `background:${back}`]
  if (look.isBold) parts.push('font-weight:700')
  if (look.isDim) parts.push('opacity:.65')
  if (look.isUnderlined) parts.push('text-decoration:underline')
  return parts.join(';')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
