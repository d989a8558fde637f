import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { AuthUnderTest } from '../../support/running-auth.ts'

const { placesPerNetwork: PLACES = 0 } = SERVICE_LIMITS.strangers?.connections ?? {}

describe('Auth, among strangers', () => {
  let auth: AuthUnderTest
  const sockets: TLSSocket[] = []
  beforeEach(async () => {
    auth = await AuthUnderTest.start({ isLaid: true })
    await auth.addUser('bob', "bob's password")
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await auth[Symbol.asyncDispose]()
  })

  async function comeIn(): Promise<void> {
    const { address, caPem: ca } = auth.running
    const [host = '', port = ''] = address.split(':')
    const socket = connect({ host, port: Number(port), ca, servername: 'auth.sotto', ALPNProtocols: ['h2'] })
    sockets.push(socket)
    socket.on('error', () => {}).resume()
    await once(socket, 'secureConnect')
  }

  it('lets somebody sign in beside all that one address may hold open, and holds no more of them', async () => {
    for (let count = 0; count < PLACES; count += 1) await comeIn()
    await auth.login('bob')
    for (let count = 0; count < 20; count += 1) await comeIn()
    await auth.login('bob')
    const isOpen = () => sockets.filter(({ closed }) => !closed).length
    while (isOpen() > PLACES) await new Promise(setImmediate)
  })

  it('takes no larger request than it has a use for', async () => {
    const { call } = auth.connect()
    const request = {
      username: 'bob',
      password: 'x'.repeat(20_000),
      identityKey: Buffer.alloc(32),
      replaceIdentityKey: false,
      code: '',
    }
    const refused = await call.login(request).catch((error: unknown) => error)
    expect(refused).to.include({ code: 'ERR_REQUEST_TOO_LARGE' })
  })
})
