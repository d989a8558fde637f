import { createServer } from 'node:net'
import { expect } from 'chai'
import { bindPort, hintFor } from '#lib/runtime/network/bind.ts'
import { rejection } from '../../../support/rejection.ts'

describe('bindPort', () => {
  it('binds any free port, and refuses one that is taken', async () => {
    const server = createServer()
    const port = await bindPort(server, '127.0.0.1', 0)
    const refused = await rejection(bindPort(createServer(), '127.0.0.1', port))
    expect([refused.code, refused.hint]).to.deep.equal([
      'ERR_CONFIG',
      'is it running already? If not, choose a free port and an address of this machine',
    ])
    server.close()
  })

  it('says how a port that needs a permission is allowed', () => {
    const hint = hintFor(Object.assign(new Error('denied'), { code: 'EACCES' }), 443)
    for (const way of [
      'CAP_NET_BIND_SERVICE',
      'ip_unprivileged_port_start=443',
      `setcap cap_net_bind_service=+ep ${process.execPath}`,
    ]) {
      expect(hint).to.include(way)
    }
  })
})
