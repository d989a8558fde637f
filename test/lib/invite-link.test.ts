import { expect } from 'chai'
import fc from 'fast-check'
import { formatInviteLink, parseInviteLink } from '#lib/invite-link.ts'
import { Secret } from '#lib/secret.ts'
import { codeOf } from '../support/code-of.ts'

const FINGERPRINT = '0a'.repeat(32)
const CODE = Secret.of(Buffer.alloc(16, 0xb1))
const LINK = `sotto://chat.example:7001/join/alice#${FINGERPRINT}.${'b1'.repeat(16)}`

describe('the link of an invite', () => {
  it('has the form that docs/protocol.md says', () => {
    const link = { address: 'chat.example:7001', fingerprint: FINGERPRINT, name: 'alice', code: CODE }
    expect(formatInviteLink(link)).to.equal(LINK)
    expect(formatInviteLink({ ...link, address: '[2001:db8::7]:1', name: undefined })).to.equal(
      `sotto://[2001:db8::7]:1/join#${FINGERPRINT}.${'b1'.repeat(16)}`,
    )
  })

  it('is read as it was written, in capitals and between spaces too', () => {
    for (const text of [LINK, ` ${LINK}\n`, LINK.replace(/#.*/, (digits) => digits.toUpperCase())]) {
      const { address, fingerprint, name, code } = parseInviteLink(text)
      expect([address, fingerprint, name]).to.deep.equal(['chat.example:7001', FINGERPRINT, 'alice'])
      expect(code.equals(CODE)).to.equal(true)
    }
    expect(parseInviteLink(LINK.replace('/alice', '')).name).to.equal(undefined)
  })

  it('is refused in parts, with more than it has, for a name that is none, and as anything else', () => {
    const wrong = [LINK.slice(1), LINK.slice(0, -1), `${LINK}0`, `${LINK} x`, LINK.replace('alice', 'Alice')]
    for (const text of ['', 'sotto://', ...wrong, LINK.replace(/\.(?=b1)/, ''), LINK.replace('sotto:', 'https:')]) {
      expect(
        codeOf(() => parseInviteLink(text)),
        text,
      ).to.equal('ERR_USAGE')
    }
    fc.assert(fc.property(fc.string(), (text) => codeOf(() => parseInviteLink(text)) === 'ERR_USAGE'))
  })

  it('shows its code in no error', () => {
    const text = LINK.replace('sotto:', 'https:')
    try {
      parseInviteLink(text)
    } catch (error) {
      expect(JSON.stringify(error) + String(error)).not.to.include('b1b1')
    }
  })
})
