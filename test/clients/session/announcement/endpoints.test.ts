import type { NetworkInterfaceInfo } from 'node:os'
import { expect } from 'chai'
import {
  endpointsToAnnounce,
  MAX_ENDPOINTS,
  parseEndpoint,
} from '../../../../clients/session/announcement/endpoints.ts'
import { codeOf } from '../../../support/code-of.ts'

const PORT = 7100

function interfaces(...addresses: string[]): Record<string, NetworkInterfaceInfo[]> {
  return { eth0: addresses.map((address) => ({ address }) as NetworkInterfaceInfo) }
}

function offered(options: Partial<Parameters<typeof endpointsToAnnounce>[0]>): string[] {
  const base = { host: '::', port: PORT, advertise: [], serverAddress: '192.0.2.1', interfaces: {} }
  return endpointsToAnnounce({ ...base, ...options }).map(({ address }) => address)
}

describe('endpointsToAnnounce', () => {
  const machine = interfaces('::1', 'fe80::1', '2001:db8::7', '127.0.0.1', '203.0.113.7', '169.254.3.4', '192.168.1.7')

  it('offers what others can reach, private networks first and IPv4 before IPv6', () => {
    expect(offered({ interfaces: machine })).to.deep.equal(['192.168.1.7', '203.0.113.7', '2001:db8::7'])
  })

  it('offers loopback, and first of all, where the services are on this machine', () => {
    for (const serverAddress of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      expect(offered({ interfaces: machine, serverAddress }).slice(0, 3), serverAddress).to.deep.equal([
        '127.0.0.1',
        '::1',
        '192.168.1.7',
      ])
    }
  })

  it('offers IPv4 alone where it listens on IPv4 alone', () => {
    expect(offered({ interfaces: machine, host: '0.0.0.0' })).to.deep.equal(['192.168.1.7', '203.0.113.7'])
  })

  it('offers the one address that it is bound to', () => {
    expect(offered({ interfaces: machine, host: '127.0.0.1' })).to.deep.equal(['127.0.0.1'])
  })

  it('offers what the user says, and nothing else', () => {
    const advertise = [{ address: '198.51.100.1', port: 9 }]
    expect(
      endpointsToAnnounce({ host: '::', port: PORT, advertise, serverAddress: '::1', interfaces: machine }),
    ).to.deep.equal(advertise)
  })

  it('offers an address once, and no more than an announcement may carry', () => {
    const many = Array.from({ length: MAX_ENDPOINTS + 1 }, (_, n) => `10.0.0.${n}`)
    expect(offered({ interfaces: interfaces(...many, ...many) })).to.deep.equal(many.slice(0, MAX_ENDPOINTS))
  })

  it('says so where it listens at a port of which nobody is told, unless another is advertised', () => {
    const [port, advertise] = [443, [{ address: '198.51.100.1', port: 7443 }]]
    for (const host of ['::', '192.168.1.7']) {
      expect(codeOf(() => offered({ host, port, interfaces: machine }))).to.equal('ERR_CONFIG')
    }
    expect(offered({ port, advertise })).to.deep.equal(['198.51.100.1'])
  })

  it('says so where there is none', () => {
    expect(() => offered({ interfaces: interfaces('127.0.0.1') }))
      .to.throw()
      .with.property('code', 'ERR_CONFIG')
  })
})

describe('parseEndpoint', () => {
  it('reads addresses with a port', () => {
    expect(parseEndpoint('192.0.2.7:7100')).to.deep.equal({ address: '192.0.2.7', port: 7100 })
    expect(parseEndpoint('[2001:db8::7]:0')).to.deep.equal({ address: '2001:db8::7', port: 0 })
  })

  it('reads addresses without one where there is a default', () => {
    for (const text of ['192.0.2.7', '::1', '[::1]']) expect(parseEndpoint(text, PORT).port).to.equal(PORT)
  })

  it('refuses names, ports out of range, and what is neither', () => {
    for (const text of [
      '',
      'host:1',
      '192.0.2.7',
      '::1',
      '192.0.2.7:65536',
      '192.0.2.7:x',
      '[fe80::1%eth0]:1',
      '1.2.3:4',
    ]) {
      expect(() => parseEndpoint(text), text)
        .to.throw()
        .with.property('code', 'ERR_USAGE')
    }
  })
})
