import { expect } from 'chai'
import { SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import { SealingClient } from '../../../services/directory/sealing-client.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'
import { testLog } from '../../support/test-log.ts'

const { signal } = new AbortController()
const NOW = new Date(Date.UTC(2030, 0))

/** The first moment that no timestamp can be. */
const NEVER = new Date(Date.UTC(10_000, 0))

describe('SealingClient', () => {
  const right = { username: 'bob', sessionId: Buffer.alloc(16, 1), expiresAt: NOW, serverTime: NOW }

  /** Ask an Auth who a caller is that answers so. */
  async function ask(answer: Partial<typeof right>) {
    const notExpected = () => Promise.reject(new Error('not expected to be called'))
    const authenticate = async () => ({ ...right, ...answer })
    const watchRevocations = async function* () {
      yield* []
    }
    const calls = { findAccount: notExpected, listAccounts: notExpected, sealChat: notExpected }
    const handlers = { ...calls, authenticate, watchRevocations }
    const { log } = testLog()
    await using resources = new AsyncDisposableStack()
    const server = await startServer({
      services: [serve(SealingServiceService, handlers)],
      host: '127.0.0.1',
      port: 0,
      security: undefined,
      limits: SERVICE_LIMITS,
      log,
    })
    resources.defer(() => server.stop(0))
    const target = { address: `127.0.0.1:${server.port}`, security: undefined }
    const connection = resources.adopt(connect(SealingServiceService, target), (open) => open.close())
    const origin = { bearer: secretOf('bearer'), requestId: 'r', signal }
    return await new SealingClient(connection, log).authenticate(origin)
  }

  it('tells who a caller is', async () => {
    expect(await ask({})).to.deep.equal({
      account: 'bob',
      sessionId: right.sessionId,
      expiresAt: NOW,
      serverTime: NOW,
    })
  })

  const wrong = { expiresAt: NEVER, serverTime: NEVER, sessionId: Buffer.alloc(15) }
  for (const [field, value] of Object.entries(wrong)) {
    it(`believes no answer with a ${field} that cannot be`, async () => {
      expect((await rejection(ask({ [field]: value }))).code).to.equal('ERR_UNAVAILABLE')
    })
  }
})
