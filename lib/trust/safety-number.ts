/**
 * The safety number of two people: a number that both see, and that nobody between them can make equal for both.
 *
 *     a, b = the two fingerprints, the one with the lower digits first
 *     digits = digits(a) || digits(b)
 *     words = BIP-39(first 16 bytes of SHA-256("sotto words v1" || a || b))
 *     QR code = "SOTTO1:" || upper-case hexadecimal of a || b
 *
 * An attacker in the middle needs two keys of their own that make the two safety numbers equal. For the digits, each of
 * the two keys must give 30 fixed digits. For the words, it is enough that an attempt for one side matches one for the
 * other, after 2^64 of them on either side. This is why the words are made from the fingerprints and not from the keys:
 * each attempt costs 5,200 hashes.
 *
 * Byte for byte: docs/protocol.md, section "Safety numbers".
 *
 * @module
 */
import { hash } from 'node:crypto'
import { FINGERPRINT_BYTES, type Fingerprint } from './fingerprint.ts'
import { WORDS_BYTES, wordsOf } from './words.ts'

const WORDS_LABEL = Buffer.from('sotto words v1')

/** The prefix of the QR code of version 1, in letters that a QR code stores in 5.5 bits. */
const QR_PREFIX = 'SOTTO1:'

/** A safety number, in its three forms. */
export interface SafetyNumber {
  /** 60 decimal digits, without spaces. */
  readonly digits: string
  /** Twelve English words. */
  readonly words: readonly string[]
  /** The text of the QR code: both fingerprints whole, 263 characters of the alphanumeric set. */
  readonly qrText: string
}

/** The safety number of two people, whichever of the two is named first. */
export function safetyNumberOf(one: Fingerprint, other: Fingerprint): SafetyNumber {
  const [lower, higher] = compare(one, other) <= 0 ? [one, other] : [other, one]
  const both = Buffer.concat([lower.bytes, higher.bytes], 2 * FINGERPRINT_BYTES)
  const digest = hash('sha256', Buffer.concat([WORDS_LABEL, both]), 'buffer')
  return {
    digits: lower.digits + higher.digits,
    words: wordsOf(digest.subarray(0, WORDS_BYTES)),
    qrText: QR_PREFIX + both.toString('hex').toUpperCase(),
  }
}

/**
 * A safety number as rows to read out: five digits a group, four groups a row, three rows; the words likewise, four a
 * row.
 */
export function safetyNumberRows({ digits, words }: SafetyNumber): { digits: string[]; words: string[] } {
  return { digits: inRows(digits.match(/\d{5}/g) ?? []), words: inRows(words) }
}

function inRows(groups: readonly string[]): string[] {
  return [0, 4, 8].map((start) => groups.slice(start, start + 4).join(' '))
}

/** Compare by digits, which is the order that people see; by all bytes if those are equal. */
function compare(one: Fingerprint, other: Fingerprint): number {
  if (one.digits !== other.digits) return one.digits < other.digits ? -1 : 1
  return Buffer.compare(one.bytes, other.bytes)
}
