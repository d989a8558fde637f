/**
 * The look of the parts of the screen, if it may be in colour. The text says everything that a look does: nothing is
 * lost without colour.
 *
 * @module
 */
import { styleText } from 'node:util'

const STYLES = { faint: 'dim', strong: 'bold', own: 'green', other: 'cyan', notice: 'yellow' } as const
export type Style = keyof typeof STYLES

/** Gives a text a look. The text is the screen's own or has been made harmless. */
export type Paint = (look: Style, text: string) => string

/** The way to paint with colours or without. */
export function paintIn(colour: boolean): Paint {
  return colour ? inColour : withoutColour
}

const inColour: Paint = (style, text) =>
  // Whether the output takes colours was asked once, when the screen was made.
  text === '' ? '' : styleText(STYLES[style], text, { validateStream: false })

const withoutColour: Paint = (_style, text) => text
