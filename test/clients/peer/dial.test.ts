import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { dial } from '../../../clients/peer/dial.ts'
import { freePort } from '../../support/free-port.ts'
import { rejection } from '../../support/rejection.ts'

const { signal } = new AbortController()

describe('dial', () => {
  const to = (...ports: readonly number[]) => ({
    endpoints: ports.map((port) => ({ address: '127.0.0.1', port })),
    relay: undefined,
  })

  it('says that nobody answers, and nothing of when to come back', async () => {
    const failure = await rejection(dial(to(await freePort()), signal))
    expect(failure).to.include({ code: 'ERR_PEER_UNREACHABLE', retryAfterMs: undefined })
  })

  it('says when to come back where one endpoint takes connections and closes them', async () => {
    const full = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    await once(full, 'listening')
    const { port } = full.address() as AddressInfo
    const failure = await rejection(dial(to(await freePort(), port), signal))
    expect(failure).to.include({ code: 'ERR_PEER_UNREACHABLE', retryAfterMs: 1_000 })
    full.close()
    await once(full, 'close')
  })
})
