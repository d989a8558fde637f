import { expect } from 'chai'
import { LINK_LOCAL, LOOPBACK, NOBODYS, PRIVATE, Ranges } from '#lib/runtime/network/ranges.ts'
import { codeOf } from '../../../support/code-of.ts'

const WITHIN: Readonly<Record<string, readonly [Ranges, readonly string[], readonly string[]]>> = {
  loopback: [
    LOOPBACK,
    ['127.0.0.1', '127.255.255.255', '::1', '::ffff:127.0.0.1'],
    ['126.255.255.255', '::2', '10.0.0.1'],
  ],
  'link-local': [LINK_LOCAL, ['169.254.169.254', 'fe80::1', 'febf::1'], ['169.253.0.1', 'fec0::1']],
  private: [
    PRIVATE,
    ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.255.255', 'fc00::1', 'fdff::1'],
    ['172.32.0.1', '100.128.0.1', '100.63.255.255', '192.169.0.1', '2001:db8::1', '127.0.0.1', 'fe80::1'],
  ],
  "nobody's": [
    NOBODYS,
    [
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::ffff:192.0.2.1',
      '::ffff:c000:201',
      'ff02::1',
      '64:ff9b::a00:1',
      '64:ff9b:1::a00:1',
    ],
    ['1.0.0.1', '223.255.255.255', '::1', '2001:db8::1', '192.0.2.1', '64:ff9c::1'],
  ],
}

describe('ranges of addresses', () => {
  for (const [name, [ranges, inside, outside]] of Object.entries(WITHIN)) {
    it(`has those that are ${name}, and no other`, () => {
      expect(inside.filter((address) => !ranges.has(address))).to.deep.equal([])
      expect(outside.filter((address) => ranges.has(address))).to.deep.equal([])
    })
  }

  it('keep the two families apart, however much they have', () => {
    expect(new Ranges(['::/0']).has('192.0.2.1')).to.equal(false)
    expect(new Ranges(['::/0']).has('2001:db8::1')).to.equal(true)
    expect(new Ranges(['0.0.0.0/0']).has('2001:db8::1')).to.equal(false)
  })

  it('have no names, and nothing at all where none is given', () => {
    for (const text of ['localhost', '', '1.2.3']) expect(new Ranges(['0.0.0.0/0', '::/0']).has(text)).to.equal(false)
    expect(new Ranges([]).has('127.0.0.1')).to.equal(false)
  })

  for (const text of [
    '',
    'host',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0/8',
    '::1%lo',
    '1.2.3.4/8/8',
  ]) {
    it(`are not of ${JSON.stringify(text)}`, () => {
      expect(codeOf(() => new Ranges(['192.0.2.1', text]))).to.equal('ERR_CONFIG')
    })
  }

  it('take nothing for an address that merely begins with one', () => {
    const strange = [
      '::1\0evil',
      '127.0.0.1\0.x',
      '127.0.0.1 ',
      ' ::1',
      '::1%',
      '::1%$$',
      '0000:0:0:0:0:0:0:0001zzz',
      '',
    ]
    expect(strange.filter((text) => LOOPBACK.has(text))).to.deep.equal([])
    expect(LINK_LOCAL.has('fe80::1%eth0')).to.equal(true)
  })
})
