import { once } from 'node:events'
import { Socket } from 'node:net'
import { expect } from 'chai'
import { PEER_LIMITS } from '#lib/rpc/limits.ts'
import { Callers } from '#lib/rpc/sockets/callers.ts'
import { testLog } from '../../../support/test-log.ts'

const ENDS = { localAddress: '192.0.2.1', localPort: 7100, remoteAddress: '192.0.2.7', remotePort: 50_000 }

/** A connection between these ends, as it stands before a server. */
function connection(): Socket {
  const socket = new Socket()
  for (const [end, value] of Object.entries(ENDS)) Object.defineProperty(socket, end, { value })
  return socket
}

describe('Callers', () => {
  it('knows who comes again from the same port before the old connection is closed', async () => {
    const callers = new Callers(PEER_LIMITS, testLog().log)
    const [old, anew] = [connection(), connection()]
    callers.add(old, ENDS.remoteAddress, () => undefined)
    old.destroy()
    callers.add(anew, ENDS.remoteAddress, () => undefined)
    const caller = callers.at(ENDS)
    await once(old, 'close')
    expect(caller).not.to.equal(undefined)
    expect(callers.at(ENDS)).to.equal(caller)
    callers.destroy()
    await once(anew, 'close')
    expect(callers.at(ENDS)).to.equal(undefined)
  })
})
