import { expect } from 'chai'
import { ChatRefusal, type ChatToSeal, SealingServiceService } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { connect } from '#lib/rpc/client.ts'
import { SERVICE_LIMITS } from '#lib/rpc/limits.ts'
import { serve, startServer } from '#lib/rpc/server.ts'
import type { Handlers } from '#lib/rpc/service.ts'
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

  /** Ask an Auth that answers so, and ends with the test. */
  async function clientOf(handlers: Partial<Handlers<typeof SealingServiceService>>): Promise<SealingClient> {
    const notExpected = () => Promise.reject(new Error('not expected to be called'))
    const watchRevocations = async function* () {
      yield* []
    }
    const sealing = { sealChats: notExpected, sealLetter: notExpected }
    const all = {
      ...sealing,
      findAccount: notExpected,
      listAccounts: notExpected,
      authenticate: notExpected,
      watchRevocations,
    }
    const { log } = testLog()
    const server = await startServer({
      services: [serve(SealingServiceService, { ...all, ...handlers })],
      host: '127.0.0.1',
      port: 0,
      security: undefined,
      limits: SERVICE_LIMITS,
      log,
    })
    resources.defer(() => server.stop(0))
    const target = { address: `127.0.0.1:${server.port}`, security: undefined }
    const connection = resources.adopt(connect(SealingServiceService, target), (open) => open.close())
    return new SealingClient(connection, log)
  }

  let resources: AsyncDisposableStack

  beforeEach(() => {
    resources = new AsyncDisposableStack()
  })

  afterEach(async () => {
    await resources.disposeAsync()
  })

  const origin = { bearer: secretOf('bearer'), requestId: 'r', signal }

  describe('authenticate', () => {
    async function ask(answer: Partial<typeof right>) {
      const client = await clientOf({ authenticate: async () => ({ ...right, ...answer }) })
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

    const wrong = { expiresAt: NEVER, serverTime: NEVER, sessionId: Buffer.alloc(15) }
    for (const [field, value] of Object.entries(wrong)) {
      it(`believes no answer with a ${field} that cannot be`, async () => {
        expect((await rejection(ask({ [field]: value }))).code).to.equal('ERR_UNAVAILABLE')
      })
    }
  })

  describe('sealChat', () => {
    const chat = {
      receiverSessionId: Buffer.alloc(16, 2),
      receiverInstanceId: Buffer.alloc(16, 3),
      nonce: Buffer.alloc(16, 4),
      senderAddress: '192.0.2.7',
    }
    const sealed = { ticket: Buffer.alloc(540, 5), grant: Buffer.alloc(540, 6) }

    it('asks for what is wanted at the same time in one call, and tells the answers apart', async () => {
      const asked: ChatToSeal[][] = []
      const client = await clientOf({
        async sealChats({ chats }) {
          asked.push(chats)
          const refusal = { $case: 'refusal', value: ChatRefusal.WITH_SELF } as const
          const results = chats.map(({ requestId }) =>
            requestId === 'self' ? { result: refusal } : { result: { $case: 'sealed', value: sealed } as const },
          )
          return { results }
        },
      })
      const [one, refused, other] = await Promise.all([
        client.sealChat({ ...origin, requestId: 'one' }, chat),
        rejection(client.sealChat({ ...origin, requestId: 'self' }, chat)),
        client.sealChat({ ...origin, requestId: 'other' }, chat),
      ])
      expect([one, other]).to.deep.equal([sealed, sealed])
      expect(refused.code).to.equal('ERR_CHAT_WITH_SELF')
      expect(asked.map((chats) => chats.map(({ requestId }) => requestId))).to.deep.equal([['one', 'self', 'other']])
      expect(asked[0]?.[0]).to.deep.include({ ...chat, senderBearer: Buffer.from(secretOf('bearer').reveal()) })
    })

    it('passes each reason on', async () => {
      const codes = {
        ERR_SESSION_ENDED: ChatRefusal.SENDER_SESSION_ENDED,
        ERR_NOT_ONLINE: ChatRefusal.RECEIVER_SESSION_ENDED,
        ERR_CHAT_WITH_SELF: ChatRefusal.WITH_SELF,
        ERR_INTERNAL: ChatRefusal.UNSPECIFIED,
      }
      let value: ChatRefusal = ChatRefusal.UNSPECIFIED
      const client = await clientOf({
        sealChats: async () => ({ results: [{ result: { $case: 'refusal', value } }] }),
      })
      for (const [code, refusal] of Object.entries(codes)) {
        value = refusal
        expect((await rejection(client.sealChat(origin, chat))).code).to.equal(code)
      }
      expect((await rejection(client.sealChat({ ...origin, bearer: undefined }, chat))).code).to.equal(
        'ERR_SESSION_ENDED',
      )
    })

    it('believes no answer that has not one result for each', async () => {
      for (const results of [[], [{ result: undefined }, { result: undefined }]]) {
        const client = await clientOf({ sealChats: async () => ({ results }) })
        expect((await rejection(client.sealChat(origin, chat))).code).to.equal('ERR_UNAVAILABLE')
      }
    })
  })
})
