import { expect } from 'chai'
import type { AuthenticateRequest } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { authClientOf } from '../../support/answering-auth.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const NOW = new Date(Date.UTC(2030, 0))

/** The first moment that no timestamp can be. */
const NEVER = new Date(Date.UTC(10_000, 0))

describe('AuthClient', () => {
  const right = { username: 'bob', sessionId: Buffer.alloc(16, 1), expiresAt: NOW, serverTime: NOW }
  const bearer = secretOf('bearer')
  const origin = { bearer, requestId: 'r', signal: new AbortController().signal }
  let resources: AsyncDisposableStack

  beforeEach(() => {
    resources = new AsyncDisposableStack()
  })
  afterEach(() => resources.disposeAsync())

  async function ask(answer: Partial<typeof right>) {
    const client = await authClientOf({ authenticate: async () => ({ ...right, ...answer }) }, 'directory', resources)
    return await client.authenticate(origin)
  }

  it('tells who a caller is', async () => {
    expect(await ask({})).to.deep.equal({
      account: 'bob',
      sessionId: right.sessionId,
      expiresAt: NOW,
      serverTime: NOW,
    })
  })

  for (const service of ['directory', 'relay'] as const) {
    it(`shows the bearer of a caller as a ${service} bearer, and no other`, async () => {
      const asked: AuthenticateRequest[] = []
      const authenticate = async (request: AuthenticateRequest) => {
        asked.push(request)
        return right
      }
      await (await authClientOf({ authenticate }, service, resources)).authenticate(origin)
      const [shown, none] = [Buffer.from(bearer.reveal()), Buffer.alloc(0)]
      expect(asked).to.deep.equal([
        service === 'relay'
          ? { directoryBearer: none, relayBearer: shown }
          : { directoryBearer: shown, relayBearer: none },
      ])
    })
  }

  const wrong = { expiresAt: NEVER, serverTime: NEVER, sessionId: Buffer.alloc(15) }
  for (const [field, value] of Object.entries(wrong)) {
    it(`believes no answer with a ${field} that cannot be`, async () => {
      expect((await rejection(ask({ [field]: value }))).code).to.equal('ERR_UNAVAILABLE')
    })
  }
})
