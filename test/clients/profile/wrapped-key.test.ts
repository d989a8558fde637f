import { createHash } from 'node:crypto'
import { expect } from 'chai'
import {
  isWrappedKey,
  MAX_LANES,
  MAX_MEMORY_KIB,
  MAX_PASSES,
  unwrapKey,
  WRAPPED_KEY_BYTES,
  wrapKey,
} from '../../../clients/profile/wrapped-key.ts'
import { CHEAP, passphraseOf } from '../../support/passphrases.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { flips, truncations } from '../../support/tamper.ts'

const KEY = secretOf('profile key')
const PASSPHRASE = passphraseOf('correct horse battery staple')

describe('wrapKey', () => {
  it('is undone by unwrapKey with the same passphrase, and with no other', async () => {
    const wrapped = await wrapKey(KEY, PASSPHRASE, CHEAP)
    expect((await unwrapKey(wrapped, PASSPHRASE)).equals(KEY)).to.equal(true)
    for (const other of [
      'correct horse battery stapl',
      'correct horse battery staple ',
      'Correct horse battery staple',
    ]) {
      expect((await rejection(unwrapKey(wrapped, passphraseOf(other)))).code, other).to.equal('ERR_PASSPHRASE')
    }
  })

  it('takes spaces for the same, whichever a keyboard makes', async () => {
    const wrapped = await wrapKey(KEY, passphraseOf('six\u00a0words of a\u3000passphrase'), CHEAP)
    expect((await unwrapKey(wrapped, passphraseOf('six words of a passphrase'))).equals(KEY)).to.equal(true)
  })

  it('opens what was wrapped when spaces were not the same yet', async () => {
    // Of 32 bytes of 7, under six\u00a0words.
    const former = Buffer.from(
      '010000000801010efcb629beed6132856c7f1b3350bff68ea3aea7778f914b0121c9b489e217e24a088234f0dc3d58' +
        '62e48e3478184dd18b56c791c19983d5ff06eb473aaca303d1828d848ea8af830291f6706822c317fc6c8a83',
      'hex',
    )
    expect((await unwrapKey(former, passphraseOf('six\u00a0words'))).equals(Buffer.alloc(32, 7))).to.equal(true)
  })

  it('takes letters for the same however a keyboard composes them', async () => {
    const wrapped = await wrapKey(KEY, passphraseOf('übergrößenträger'.normalize('NFD')), CHEAP)
    expect((await unwrapKey(wrapped, passphraseOf('übergrößenträger'.normalize('NFC')))).equals(KEY)).to.equal(true)
  })

  it('never gives the same bytes twice, and never the key', async () => {
    const [one, other] = [await wrapKey(KEY, PASSPHRASE, CHEAP), await wrapKey(KEY, PASSPHRASE, CHEAP)]
    expect(one).to.have.length(WRAPPED_KEY_BYTES)
    expect(Buffer.from(one).subarray(7)).not.to.deep.equal(Buffer.from(other).subarray(7))
    expect(Buffer.from(one).includes(KEY.reveal())).to.equal(false)
  })

  it('asks for 128 MiB, 3 passes and 4 lanes unless it is told otherwise', async () => {
    const wrapped = Buffer.from(await wrapKey(KEY, PASSPHRASE))
    expect(isWrappedKey(wrapped)).to.equal(true)
    expect([wrapped.readUInt32BE(1), wrapped[5], wrapped[6]]).to.deep.equal([128 * 1024, 3, 4])
  })
})

describe('isWrappedKey', () => {
  it('refuses a change of any bit and every shorter file, so that nobody is asked for its passphrase', async () => {
    const wrapped = await wrapKey(KEY, PASSPHRASE, CHEAP)
    for (const changed of [
      ...flips(wrapped),
      ...truncations(wrapped),
      Buffer.concat([wrapped, wrapped.subarray(0, 1)]),
    ]) {
      expect(isWrappedKey(changed)).to.equal(false)
    }
  })

  it('refuses a file that asks for more than a machine has, or for less than argon2id takes', async () => {
    const wrapped = await wrapKey(KEY, PASSPHRASE, CHEAP)
    const asking = (memoryKib: number, passes: number, lanes: number): Uint8Array => {
      const content = Buffer.from(wrapped)
      content.writeUInt32BE(memoryKib, 1)
      content.set([passes, lanes], 5)
      return withChecksum(content)
    }
    expect(isWrappedKey(asking(MAX_MEMORY_KIB, MAX_PASSES, MAX_LANES))).to.equal(true)
    for (const [memoryKib, passes, lanes] of [
      [MAX_MEMORY_KIB + 1, 1, 1],
      // A tebibyte.
      [2 ** 30, 1, 1],
      [2 ** 32 - 1, 1, 1],
      [64, MAX_PASSES + 1, 1],
      [1_024, 1, MAX_LANES + 1],
      [64, 0, 1],
      [64, 1, 0],
      [15, 1, 2],
      [0, 1, 1],
    ] as const) {
      expect(isWrappedKey(asking(memoryKib, passes, lanes)), `${memoryKib} ${passes} ${lanes}`).to.equal(false)
    }
  })
})

describe('unwrapKey', () => {
  it('refuses a change of any byte by somebody who mends the checksum', async () => {
    const wrapped = await wrapKey(KEY, PASSPHRASE, CHEAP)
    for (let at = 0; at < WRAPPED_KEY_BYTES - 8; at++) {
      const changed = Buffer.from(wrapped)
      // The lowest bit, so that most of the costs that are asked for stay within the limits.
      changed[at] = (changed[at] ?? 0) ^ 1
      const mended = withChecksum(changed)
      if (!isWrappedKey(mended)) continue
      // The others ask for more work, and 16 MiB are enough to see it by.
      if (at >= 1 && at < 3) continue
      expect((await rejection(unwrapKey(mended, PASSPHRASE))).code, `byte ${at}`).to.equal('ERR_PASSPHRASE')
    }
  })

  it('opens what the first version wrote', async () => {
    const written = Buffer.from(FIRST_VERSION, 'hex')
    expect((await unwrapKey(written, PASSPHRASE)).equals(KEY)).to.equal(true)
  })
})

/** KEY under PASSPHRASE, at the cost of CHEAP. */
const FIRST_VERSION =
  '0100000010010278128771a65ac0fb25ed04ede526c3c64cabf621b92fd1c51e594bf72064009820d4f03fde20d' +
  '5b8b59ce12e15c6dfa14dfb691e2f191b1d6d732b416c2417a05749691d2a11757d8b24fe3050717b89b7b0340d'

function withChecksum(content: Uint8Array): Uint8Array {
  const checked = content.subarray(0, WRAPPED_KEY_BYTES - 8)
  const checksum = createHash('sha256').update('sotto profile key v1').update(checked).digest().subarray(0, 8)
  return Buffer.concat([checked, checksum])
}
