import { once } from 'node:events'
import { expect } from 'chai'
import { Conversation, Message, Transfer } from '#gen/web/sotto/agent/v1/agent_service.ts'
import { Model } from '../../../../clients/web/page/model.ts'
import { PageClient } from '../../../support/page-client.ts'

const BYTES = new Uint8Array()

describe('Model', () => {
  const conversation = (contact: string, unread = 0) => ({
    ...Conversation.decode(BYTES),
    contact,
    unread: BigInt(unread),
  })
  const transfer = (id: number, position = 0) => ({
    ...Transfer.decode(BYTES),
    id: Uint8Array.of(id),
    position: BigInt(position),
  })

  let client: PageClient
  afterEach(() => client[Symbol.asyncDispose]())

  it('keeps what happens while all is listed', async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    client = new PageClient({
      getProfile: () => ({ username: 'alice', connection: { online: true, endpoints: [], reason: '' } }),
      listConversations: () => ({ conversations: [conversation('bob'), conversation('carol'), conversation('dave')] }),
      async listTransfers() {
        asked.resolve()
        await answer.promise
        return { transfers: [transfer(1), transfer(2)] }
      },
    })
    const model = new Model()
    const started = model.start()
    await client.watched()
    client.tell({ $case: 'begun', value: { online: true, endpoints: [], reason: '' } })
    await asked.promise
    client.tell({ $case: 'conversation', value: conversation('bob', 3) })
    client.tell({ $case: 'transfer', value: transfer(2, 7) })
    client.tell({ $case: 'forgotten', value: { contact: 'carol' } })
    client.tell({ $case: 'connection', value: { online: false, endpoints: [], reason: 'away' } })
    while (model.connection.online || model.connection.reason === '') await once(model, 'change')
    answer.resolve()
    await started
    while (model.link !== 'connected') await once(model, 'change')
    expect([...model.conversations].map(([name, { unread }]) => [name, unread])).to.deep.equal([
      ['bob', 3n],
      ['dave', 0n],
    ])
    expect([...model.transfers.values()].map(({ position }) => position)).to.deep.equal([0n, 7n])
    expect(model.connection.reason).to.equal('away')
  })

  it('shows what comes after a conversation was forgotten', async () => {
    let messages: Message[] = [{ ...Message.decode(BYTES), contact: 'bob', position: 1n }]
    client = new PageClient({
      getProfile: () => ({}),
      listConversations: () => ({}),
      listTransfers: () => ({}),
      listMessages: () => ({ messages }),
    })
    const model = new Model()
    await model.start()
    await client.watched()
    await model.open('bob')
    expect(model.window?.messages).to.have.length(1)
    messages = []
    client.tell({ $case: 'forgotten', value: { contact: 'bob' } })
    client.tell({ $case: 'message', value: { ...Message.decode(BYTES), contact: 'bob', position: 2n } })
    while (model.window?.messages[0]?.position !== 2n) await once(model, 'change')
  })
})
