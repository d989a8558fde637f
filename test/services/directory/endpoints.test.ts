/** Of which endpoints others are told: the rule by itself, and a directory that keeps it. */
import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import { type Endpoint, EndpointRefusal } from '#gen/sotto/directory/v1/directory_service.ts'
import type { SottoError } from '#lib/errors.ts'
import { Ranges } from '#lib/runtime/network/ranges.ts'
import { judgeEndpoints } from '../../../services/directory/endpoints.ts'
import { rejection } from '../../support/rejection.ts'
import { AuthUnderTest, type TestSession } from '../../support/running-auth.ts'
import { DirectoryUnderTest, OpenAnnouncement } from '../../support/running-directory.ts'

const NONE = new Ranges([])
const { NOT_YOURS, LOOPBACK, LINK_LOCAL } = EndpointRefusal

const at = (address: string, port = 7100): Endpoint => ({ address, port })

/** A private address that is always accepted, so that what is judged beside it is left out or not. */
const GOOD = at('192.168.1.7')

/** What is said of an address that a caller announces: undefined if it is accepted. */
function saidOf(address: string, callerAddress: string, allowed = NONE): EndpointRefusal | undefined {
  const { accepted, refused } = judgeEndpoints([GOOD, at(address)], callerAddress, allowed)
  expect(accepted.length + refused.length).to.equal(2)
  return refused[0]?.reason
}

describe('the endpoints of an announcement', () => {
  it("are accepted at the caller's own address, and of IPv6 at any of the network that is theirs", () => {
    expect(saidOf('203.0.113.7', '203.0.113.7')).to.equal(undefined)
    expect(saidOf('2001:db8:1:2::7', '2001:db8:1:2:a:b:c:d')).to.equal(undefined)
    expect(saidOf('169.254.3.4', '169.254.3.4')).to.equal(undefined)
  })

  it('are refused at any other public address', () => {
    expect(saidOf('203.0.113.7', '203.0.113.8')).to.equal(NOT_YOURS)
    expect(saidOf('2001:db8:1:2::7', '2001:db8:1:3::7')).to.equal(NOT_YOURS)
    expect(saidOf('2001:db8::7', '203.0.113.7')).to.equal(NOT_YOURS)
    expect(saidOf('203.0.113.7', '127.0.0.1')).to.equal(NOT_YOURS)
    expect(saidOf('203.0.113.7', '')).to.equal(NOT_YOURS)
  })

  it('are accepted at private addresses, wherever the call comes from', () => {
    for (const address of ['10.0.0.1', '172.30.0.1', '192.168.0.9', '100.64.3.2', 'fd00::1']) {
      expect(saidOf(address, '203.0.113.7'), address).to.equal(undefined)
    }
  })

  it('are accepted at loopback from this machine alone, whichever of its addresses the call comes from', () => {
    const own = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
    for (const caller of ['127.0.0.1', '::1', ...own]) {
      for (const address of ['127.0.0.1', '::1']) expect(saidOf(address, caller), caller).to.equal(undefined)
    }
    for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
      expect(saidOf(address, '203.0.113.7'), address).to.equal(LOOPBACK)
      // The gateway of a container, as which everybody may call.
      expect(saidOf(address, '172.18.0.1'), address).to.equal(LOOPBACK)
    }
  })

  it('are refused at link-local addresses, which lead somewhere else for everybody', () => {
    expect(saidOf('169.254.169.254', '203.0.113.7')).to.equal(LINK_LOCAL)
    expect(saidOf('fe80::1', '2001:db8::1')).to.equal(LINK_LOCAL)
  })

  it('are accepted wherever the host allows it', () => {
    const allowed = new Ranges(['203.0.113.0/24', '2001:db8::/32', '127.0.0.0/8', '169.254.0.1'])
    for (const address of ['203.0.113.9', '2001:db8:ffff::1', '127.0.0.1', '169.254.0.1']) {
      expect(saidOf(address, '198.51.100.1', allowed), address).to.equal(undefined)
    }
    expect(saidOf('203.0.114.9', '198.51.100.1', allowed)).to.equal(NOT_YOURS)
    expect(saidOf('::1', '198.51.100.1', allowed)).to.equal(LOOPBACK)
  })

  it('keep their order', () => {
    const endpoints = [at('10.0.0.1'), at('203.0.113.7'), at('10.0.0.2'), at('::1'), at('10.0.0.3')]
    const { accepted, refused } = judgeEndpoints(endpoints, '198.51.100.1', NONE)
    expect(accepted.map(({ address }) => address)).to.deep.equal(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(refused.map(({ endpoint }) => endpoint?.address)).to.deep.equal(['203.0.113.7', '::1'])
  })

  describe('at a directory', () => {
    let auth: AuthUnderTest
    let directory: DirectoryUnderTest
    let [alice, bob]: TestSession[] = []

    before(async () => {
      auth = await AuthUnderTest.start({ isLaid: true })
      for (const name of ['alice', 'bob']) await auth.addUser(name, `${name}'s password`)
      ;[alice, bob] = [await auth.login('alice'), await auth.login('bob')]
      const allowedEndpoints = new Ranges(['203.0.113.7'])
      directory = await DirectoryUnderTest.start(auth, { config: { allowedEndpoints } })
    })
    after(async () => {
      await directory[Symbol.asyncDispose]()
      await auth[Symbol.asyncDispose]()
    })

    const announce = (endpoints: Endpoint[]) =>
      OpenAnnouncement.begin(directory.connect(), bob as TestSession, { endpoints })

    /** The addresses that others are told. */
    async function told(): Promise<string[]> {
      const bearer = (alice as TestSession).keys.directoryBearer
      const request = { username: 'bob', nonce: Buffer.alloc(16, 1), hideAddress: false }
      const { endpoints } = await directory.connect().call.requestChat(request, { bearer })
      return endpoints.map(({ address }) => address)
    }

    it('are left out one by one, of which the caller hears once', async () => {
      const { announcement, first } = await announce([at('198.51.100.4'), at('127.0.0.1'), at('203.0.113.7')])
      expect(first.refusedEndpoints).to.deep.equal([{ endpoint: at('198.51.100.4'), reason: NOT_YOURS }])
      expect(await told()).to.deep.equal(['127.0.0.1', '203.0.113.7'])
      announcement.cancel()
    })

    it('are refused together where none is left, with the reason for each; what stood still stands', async () => {
      const standing = await announce([at('127.0.0.1')])
      const refused: SottoError = await rejection(announce([at('198.51.100.4'), at('2001:db8::1')]))
      expect(refused.code).to.equal('ERR_ENDPOINTS_REFUSED')
      expect(refused.violations).to.deep.equal([
        { field: 'endpoints[0]', description: 'is a public address, and the call comes from 127.0.0.1' },
        { field: 'endpoints[1]', description: 'is a public address, and the call comes from 127.0.0.1' },
      ])
      expect(refused.hint).to.include('ask whoever runs the server')
      expect(await told()).to.deep.equal(['127.0.0.1'])
      standing.announcement.cancel()
    })

    it('are judged of those alone who are signed in', async () => {
      const nobody = { ...(bob as TestSession), keys: { ...(bob as TestSession).keys } }
      nobody.keys.directoryBearer = (bob as TestSession).keys.authBearer
      const announcing = OpenAnnouncement.begin(directory.connect(), nobody, { endpoints: [at('198.51.100.4')] })
      expect((await rejection(announcing)).code).to.equal('ERR_SESSION_ENDED')
    })
  })
})
