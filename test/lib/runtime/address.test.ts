import { expect } from 'chai'
import { formatAddress, parseAddress } from '#lib/runtime/address.ts'
import { codeOf } from '../../support/code-of.ts'

describe('parseAddress', () => {
  for (const [text, host, port] of [
    ['host.example:7001', 'host.example', 7001],
    ['192.0.2.1:1', '192.0.2.1', 1],
    ['[2001:db8::1]:65535', '2001:db8::1', 65_535],
    [':7002', '', 7002],
  ] as const) {
    it(`reads ${text}`, () => {
      expect(parseAddress(text)).to.deep.equal({ host, port })
      expect(formatAddress({ host, port })).to.equal(text)
    })
  }

  for (const text of [
    '',
    'host',
    'host:',
    'host:0',
    'host:65536',
    '::1:7001',
    '[::1]',
    '[host]:1',
    'a b:1',
    'http://h:1',
    'h:1x',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(codeOf(() => parseAddress(text))).to.equal('ERR_USAGE')
    })
  }
})
