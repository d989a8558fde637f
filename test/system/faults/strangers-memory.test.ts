/** What callers who show no bearer can make auth and the directory hold, all of them together. */
import { readFile } from 'node:fs/promises'
import type http2 from 'node:http2'
import { expect } from 'chai'
import { Deployment } from '../../support/deployment.ts'
import { connectFrom, leaveUnfinished, residentMib, seen } from '../../support/unfinished-requests.ts'

/** What all of them together may make a service hold, in MB of 2^20 bytes. */
const LIMIT_MIB = 64

/** Addresses of this machine from which they come, and connections that they try to hold from each. */
const [ADDRESSES, CONNECTIONS] = [4, 120]

/** Calls over each, and bytes of a request that is never ended: the largest that a service takes in. */
const UNFINISHED = { calls: 20, requestBytes: 16 * 1024 }

const WAVES = 4

/**
 * So much heap that garbage is little of what a service holds; one that would hold more ends. V8 looks for garbage when a
 * process has grown by a part of what it has, and on a busy machine later: the same waves then added 69 and 76 MiB, of which
 * 10 were held.
 */
const LITTLE_HEAP = { NODE_OPTIONS: '--max-old-space-size=80' }

describe('strangers', function () {
  this.timeout(300_000)
  let services: Deployment
  const sessions: http2.ClientHttp2Session[] = []

  before(async () => {
    services = await Deployment.start(LITTLE_HEAP)
  })
  after(async () => {
    for (const session of sessions) session.destroy()
    await services[Symbol.asyncDispose]()
  })

  /** Come in waves from all addresses. @returns the most that the service held. */
  async function most(pid: number, address: string, path: string): Promise<number> {
    const target = { address, ca: await readFile(services.caFile, 'utf8'), path }
    let found = 0
    for (let wave = 0; wave < WAVES; wave += 1) {
      const come = Array.from({ length: ADDRESSES * CONNECTIONS }, (_, number) => {
        const session = connectFrom(`127.0.0.${2 + (number % ADDRESSES)}`, target)
        leaveUnfinished(session, target, UNFINISHED)
        return session
      })
      sessions.push(...come)
      await Promise.all(come.map(seen))
      found = Math.max(found, await residentMib(pid))
    }
    return found
  }

  for (const [name, path, addressOf] of [
    ['auth', '/sotto.auth.v1.AuthService/Login', ({ authAddress }: Deployment) => authAddress],
    [
      'directory',
      '/sotto.directory.v1.DirectoryService/Announce',
      ({ directoryAddress }: Deployment) => directoryAddress,
    ],
  ] as const) {
    it(`make ${name} hold no more than ${LIMIT_MIB} MiB`, async () => {
      const { pid } = services.service(name)
      const before = await residentMib(pid)
      const held = (await most(pid, addressOf(services), path)) - before
      expect(held).to.be.lessThan(LIMIT_MIB)
    })
  }
})
