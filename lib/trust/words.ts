/**
 * Twelve words for 128 bits, as BIP-39 has them: easier to say over a telephone than digits.
 *
 * BIP-39 puts the first 4 bits of SHA-256 of the 16 bytes behind them, cuts the 132 bits in 12 numbers of 11 bits, and
 * takes for each the word of that number from a list of 2,048.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { fixedLength } from '#lib/protocol.ts'

/** Bytes that make twelve words. */
export const WORDS_BYTES = 16

/** How many words they make. */
export const WORD_COUNT = 12

const BITS_IN_WORD = 11n
const CHECKSUM_BITS = 4n

/**
 * The words of {@link WORDS_BYTES} bytes.
 *
 * @returns {@link WORD_COUNT} words in lower case, each of 3 to 8 letters and told apart by its first 4.
 * @throws TypeError if the bytes are more or fewer.
 */
export function wordsOf(bytes: Uint8Array): readonly string[] {
  const entropy = Buffer.from(fixedLength(bytes, WORDS_BYTES, 'the bytes of twelve words'))
  const checksum = BigInt(hash('sha256', entropy, 'buffer').readUInt8() >> 4)
  const bits = (BigInt(`0x${entropy.toString('hex')}`) << CHECKSUM_BITS) | checksum
  return Array.from({ length: WORD_COUNT }, (_, index) => {
    const shift = BITS_IN_WORD * BigInt(WORD_COUNT - 1 - index)
    return wordlist[Number(BigInt.asUintN(Number(BITS_IN_WORD), bits >> shift))] as string
  })
}
