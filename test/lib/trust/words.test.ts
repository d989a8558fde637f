import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { expect } from 'chai'
import fc from 'fast-check'
import { WORDS_BYTES, wordsOf } from '#lib/trust/words.ts'
import { anyBytes } from '../../support/arbitrary.ts'
import { assertProperty } from '../../support/property.ts'

/** Out of the vectors that BIP-39 publishes (github.com/trezor/python-mnemonic, vectors.json), those of 16 bytes. */
const PUBLISHED: readonly [entropy: string, words: string][] = [
  ['00'.repeat(16), `${'abandon '.repeat(11)}about`],
  ['7f'.repeat(16), 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  ['80'.repeat(16), 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above'],
  ['ff'.repeat(16), `${'zoo '.repeat(11)}wrong`],
]

describe('wordsOf', () => {
  for (const [entropy, words] of PUBLISHED) {
    it(`has the published words of ${entropy.slice(0, 2)}…`, () => {
      expect(wordsOf(Buffer.from(entropy, 'hex')).join(' ')).to.equal(words)
    })
  }

  it('agrees with another BIP-39 on any bytes', () => {
    assertProperty(
      fc.property(anyBytes(WORDS_BYTES), (entropy) => {
        const words = wordsOf(entropy).join(' ')
        expect(words).to.equal(entropyToMnemonic(entropy, wordlist))
        expect(mnemonicToEntropy(words, wordlist)).to.deep.equal(entropy)
      }),
    )
  })

  it('takes neither fewer nor more bytes', () => {
    for (const length of [0, WORDS_BYTES - 1, WORDS_BYTES + 1]) {
      expect(() => wordsOf(new Uint8Array(length))).to.throw(TypeError)
    }
  })
})
