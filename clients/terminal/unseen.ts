/**
 * Characters that are invisible, or that change how others look. They make one name look like another, so that nobody
 * can tell the two apart by eye.
 *
 * @module
 */

/**
 * Controls, format characters (zero width, tags, the marks of direction), the separators of lines and paragraphs, what
 * Unicode says is to be left out where it is not known (variation selectors, fillers, joiners), halves of surrogate pairs,
 * what is no character, and the empty braille pattern, which looks like a space.
 */
export const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]/gu
