import { expect } from 'chai'
import { TOTP_STEP_MS } from '#lib/second-factor.ts'
import { Secret } from '#lib/secret.ts'
import { findTotpStep, totpCode, totpStep, totpUri } from '#lib/totp.ts'

/** RFC 6238, appendix B: the time in seconds, and the code of 8 digits for SHA-1. Fewer digits are the last of them. */
const VECTORS = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

describe('a code of a secret and the time', () => {
  const secret = Secret.of(Buffer.from('12345678901234567890', 'ascii'))
  const nowMs = 1_234_567_890_000
  const now = totpStep(nowMs)
  const find = (code: string, lastStep = 0, atMs = nowMs) => findTotpStep(secret, code, atMs, lastStep)

  for (const [seconds, code] of VECTORS) {
    it(`is that of RFC 6238 at ${seconds} s`, () => {
      expect(totpCode(secret, totpStep(seconds * 1_000))).to.equal(code.slice(-6))
      expect(find(code.slice(-6), 0, seconds * 1_000)).to.equal(totpStep(seconds * 1_000))
    })
  }

  it('stands for its step, the one before and the one after, and no longer', () => {
    const found = [-2, -1, 0, 1, 2].map((ahead) => find(totpCode(secret, now + ahead)))
    expect(found).to.deep.equal([undefined, now - 1, now, now + 1, undefined])
    const code = totpCode(secret, now)
    const begin = now * TOTP_STEP_MS
    expect(find(code, 0, begin - TOTP_STEP_MS - 1)).to.equal(undefined)
    expect(find(code, 0, begin - TOTP_STEP_MS)).to.equal(now)
    expect(find(code, 0, begin + 2 * TOTP_STEP_MS - 1)).to.equal(now)
    expect(find(code, 0, begin + 2 * TOTP_STEP_MS)).to.equal(undefined)
  })

  it('is not found again once its step, or a later one, has served', () => {
    const found = [-1, 0, 1].map((ahead) => find(totpCode(secret, now + ahead), now))
    expect(found).to.deep.equal([undefined, undefined, now + 1])
  })

  it('is no other text', () => {
    const code = totpCode(secret, now)
    for (const wrong of ['', '0', code.slice(1), `${code}0`, ` ${code}`, 'abcdef', '\u0660'.repeat(6)]) {
      expect(find(wrong), wrong).to.equal(undefined)
    }
  })

  it('comes from a secret that apps take as a URI', () => {
    const uri = new URL(totpUri(secret, 'alice@chat.example'))
    expect([uri.protocol, uri.host]).to.deep.equal(['otpauth:', 'totp'])
    expect(decodeURIComponent(uri.pathname)).to.equal('/Sotto:alice@chat.example')
    expect(Object.fromEntries(uri.searchParams)).to.deep.equal({
      issuer: 'Sotto',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })
})
