/**
 * A QR code (ISO/IEC 18004) as rows of a terminal: two modules a character, one above the other, by half blocks.
 *
 * @module
 */
import { encode } from 'uqr'

/** Light modules around the code, which ISO/IEC 18004 asks for. */
const QUIET_ZONE = 4

/** Black on white out of the fixed part of the 256 colours, so that no theme of the terminal turns them into others. */
const BLACK_ON_WHITE = '\u001b[38;5;16;48;5;231m'
const PLAIN = '\u001b[m'

/** The character for two modules, each dark or not, where what is drawn is dark. */
const BLOCKS = { none: ' ', upper: '▀', lower: '▄', both: '█' } as const

/**
 * Draw a text as a QR code.
 *
 * @param text - Up to 4,296 characters of the alphanumeric set, or 2,953 bytes of UTF-8.
 * @param inColour - Whether the rows may set colours: then it is black on white on any terminal. Without them the light
 *   modules are drawn in the terminal's own foreground, which is right on a dark background and inverted on a light one.
 * @returns Rows of equal width, without line ends; 57 columns and 29 rows for a safety number.
 */
export function qrCodeRows(text: string, { inColour }: { readonly inColour: boolean }): string[] {
  // Lowest error correction, the fewest modules: a screen has no dirt on it.
  const { data, size } = encode(text, { ecc: 'L', border: QUIET_ZONE })
  const isDrawn = (row: number, column: number): boolean =>
    // An odd size leaves half a row at the bottom: it is quiet zone too.
    inColour === (data[row]?.[column] ?? false)
  return Array.from({ length: Math.ceil(size / 2) }, (_, row) => {
    const characters = Array.from({ length: size }, (_, column) =>
      block(isDrawn(2 * row, column), isDrawn(2 * row + 1, column)),
    ).join('')
    return inColour ? BLACK_ON_WHITE + characters + PLAIN : characters
  })
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? BLOCKS.both : BLOCKS.upper
  return lower ? BLOCKS.lower : BLOCKS.none
}
