/**
 * Texts that another may write to do harm, on whatever shows them.
 *
 * @module
 */
import fc from 'fast-check'
import { anyText } from './arbitrary.ts'

/** Letters of both directions, everything that controls a terminal, and what makes or breaks rows. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 10 }),
      anyText({ maxLength: 10 }),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;title\u0007',
        '\u009b31m',
        '\r',
        '\n',
        '\r14:02 ',
        '\u2028',
        '\u0085',
        '\b',
      ),
      fc.constantFrom('\u202e', '\u2067', '\u2069', '\u200f', 'שלום', '\u0301', '\u200d', '\ufe0f', ' '),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

/** The same among markup, and what a page would run or fetch, were it not text. */
export const hostileMarkup = fc
  .array(
    fc.oneof(
      hostileText,
      fc.constantFrom(
        '<img src=x onerror="window.pwned=1">',
        '<script>window.pwned=1</script>',
        '</div></article><iframe src=//example.org>',
        '<style>*{display:none}</style>',
        '&lt;b&gt;&#60;i&#62;',
        '`'.repeat(3),
        'https://example.org/"onclick="window.pwned=1',
        'javascript:window.pwned=1',
        ['$', '{window.pwned=1}'].join(''),
        '<!--?lit$0$--><?lit$1$?>',
        'W'.repeat(3_000),
      ),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''))
