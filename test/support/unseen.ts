/**
 * Characters that are not seen, as Unicode has them: for tests of whatever shows or saves names.
 *
 * @module
 */
import fc from 'fast-check'

const CLASSES =
  /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Variation_Selector}|\p{Bidi_Control}|\p{Join_Control}|\p{Default_Ignorable_Code_Point}/u

/** The unseen characters, one by one. */
export const UNSEEN_CHARACTERS: readonly string[] = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((character) => CLASSES.test(character))

/** Some of them, beside each other. */
export const unseenText = fc
  .array(fc.constantFrom(...UNSEEN_CHARACTERS), { minLength: 1, maxLength: 5 })
  .map((characters) => characters.join(''))
