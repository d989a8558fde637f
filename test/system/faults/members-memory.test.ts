/** What one who is signed in can make the directory hold in requests, over as many connections and addresses as they like. */
import { readFile } from 'node:fs/promises'
import type http2 from 'node:http2'
import { expect } from 'chai'
import { GetPresenceRequest } from '#gen/sotto/directory/v1/directory_service.ts'
import type { Secret } from '#lib/secret.ts'
import { Deployment } from '../../support/deployment.ts'
import {
  callAs,
  connectFrom,
  leaveUnfinished,
  residentMib,
  seen,
  type Target,
} from '../../support/unfinished-requests.ts'

const PATH = '/sotto.directory.v1.DirectoryService/GetPresence'

/** Addresses of this machine from which they come, and connections from each. */
const ADDRESSES = Array.from({ length: 12 }, (_, index) => `127.0.0.${2 + index}`)
const CONNECTIONS = 24

/** Calls over each connection, and bytes of a request that is never ended: as much as a service takes in, 430 MiB in all. */
const UNFINISHED = { calls: 96, requestBytes: 16 * 1024 }

/**
 * What that may add to its memory, in MiB: 4 are requests, some 40 the connections, and the rest is garbage that is not collected
 * yet, 180 to 300 in all. Where nobody counts bytes, the first eight of the twelve addresses add 400, and all of them more
 * than the 430 that they send.
 */
const LIMIT_MIB = 400

describe('somebody who is signed in', function () {
  this.timeout(300_000)
  let services: Deployment
  let target: Target
  const sessions: http2.ClientHttp2Session[] = []

  before(async () => {
    services = await Deployment.start()
    await services.signUp('alice', 'bob')
    target = { address: services.directoryAddress, ca: await readFile(services.caFile, 'utf8'), path: PATH }
  })
  after(async () => {
    for (const session of sessions) session.destroy()
    await services[Symbol.asyncDispose]()
  })

  const connect = (address: string): http2.ClientHttp2Session => {
    const session = connectFrom(address, target)
    sessions.push(session)
    return session
  }
  const ask = (session: http2.ClientHttp2Session, bearer: Secret) =>
    callAs(session, target, bearer, GetPresenceRequest.encode({ username: 'bob' }).finish())

  it(`makes the directory hold no more than ${LIMIT_MIB} MiB, and keeps nobody from it`, async () => {
    const { pid } = services.service('directory')
    const [alice, bob] = (await Promise.all(
      ['alice', 'bob'].map(async (name) => (await services.profile(name)).login.session.keys.directoryBearer),
    )) as [Secret, Secret]
    const before = await residentMib(pid)
    const own: http2.ClientHttp2Session[][] = []
    for (const address of ADDRESSES) {
      const come = Array.from({ length: CONNECTIONS }, () => connect(address))
      expect(await Promise.all(come.map((session) => ask(session, alice)))).to.deep.equal(come.map(() => 0))
      own.push(come)
    }
    const found: number[] = []
    for (const [index, come] of own.entries()) {
      for (const session of come) leaveUnfinished(session, target, UNFINISHED)
      await Promise.all(come.map(seen))
      found.push((await residentMib(pid)) - before)
      expect(await ask(connect(ADDRESSES[index] ?? ''), bob)).to.equal(0)
    }
    expect(Math.max(...found)).to.be.lessThan(LIMIT_MIB)
  })
})
