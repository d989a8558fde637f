/**
 * How parts of the screen look, where it may be in colour. What a look says, the text says too: nothing is lost without.
 *
 * @module
 */
import { styleText } from 'node:util'

const LOOKS = { faint: 'dim', strong: 'bold', own: 'green', other: 'cyan', notice: 'yellow' } as const
export type Look = keyof typeof LOOKS

/** Gives a text a look. The text is the screen's own or has been made harmless. */
export type Paint = (look: Look, text: string) => string

/** The way to paint with colours or without. */
export function paintIn(colour: boolean): Paint {
  return colour ? inColour : withoutColour
}

const inColour: Paint = (look, text) =>
  // Whether the output takes colours was asked once, when the screen was made.
  text === '' ? '' : styleText(LOOKS[look], text, { validateStream: false })

const withoutColour: Paint = (_look, text) => text
