import { expect } from 'chai'
import { ChatRefusal, type ChatToSeal, LetterRefusal } from '#gen/sotto/sealing/v1/sealing_service.ts'
import { SealingClient } from '../../../services/directory/sealing-client.ts'
import { type AnsweringAuth, authClientOf } from '../../support/answering-auth.ts'
import { secretOf } from '../../support/random.ts'
import { rejection } from '../../support/rejection.ts'

const { signal } = new AbortController()

describe('SealingClient', () => {
  /** Ask an Auth that answers so, and ends with the test. */
  async function clientOf(handlers: AnsweringAuth): Promise<SealingClient> {
    return new SealingClient(await authClientOf(handlers, 'directory', resources))
  }

  let resources: AsyncDisposableStack

  beforeEach(() => {
    resources = new AsyncDisposableStack()
  })

  afterEach(async () => {
    await resources.disposeAsync()
  })

  const origin = { bearer: secretOf('bearer'), requestId: 'r', signal }

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

  describe('sealLetter', () => {
    const nonce = Buffer.alloc(16, 4)
    const sealed = { ticket: Buffer.alloc(540, 5), grant: Buffer.alloc(540, 6) }

    it('asks for what is wanted at the same time in one call, and passes each reason on', async () => {
      const refusals = {
        ended: LetterRefusal.SENDER_SESSION_ENDED,
        nobody: LetterRefusal.NO_SUCH_USER,
        nowhere: LetterRefusal.NO_MAILBOX,
        self: LetterRefusal.WITH_SELF,
        failed: LetterRefusal.UNSPECIFIED,
      }
      const asked: string[][] = []
      const client = await clientOf({
        async sealLetters({ letters }) {
          asked.push(letters.map(({ receiverName }) => receiverName))
          expect(letters[0]).to.deep.include({ nonce, senderBearer: Buffer.from(secretOf('bearer').reveal()) })
          const results = letters.map(({ receiverName }) => {
            const value = refusals[receiverName as keyof typeof refusals]
            if (value === undefined) return { result: { $case: 'sealed', value: sealed } as const }
            return { result: { $case: 'refusal', value } as const }
          })
          return { results }
        },
      })
      const names = [...Object.keys(refusals), 'bob']
      const answers = await Promise.allSettled(names.map((name) => client.sealLetter(origin, name, nonce)))
      const codes = answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : answer.value))
      expect(codes).to.deep.equal([
        'ERR_SESSION_ENDED',
        'ERR_NO_SUCH_USER',
        'ERR_NO_MAILBOX',
        'ERR_CHAT_WITH_SELF',
        'ERR_INTERNAL',
        sealed,
      ])
      expect(asked).to.deep.equal([names])
    })

    it('believes no answer that has not one result for each', async () => {
      for (const results of [[], [{ result: undefined }, { result: undefined }]]) {
        const client = await clientOf({ sealLetters: async () => ({ results }) })
        expect((await rejection(client.sealLetter(origin, 'bob', nonce))).code).to.equal('ERR_UNAVAILABLE')
      }
    })
  })
})
